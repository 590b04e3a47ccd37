//! Types that are made up at run time, their values, and how both formats read them.
#![allow(clippy::unnecessary_cast)] // of the one integer that is not to be cast

use proptest::prelude::*;
use serde::de::DeserializeSeed;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Deserialize, Serialize};

use super::super::{Error, de};

/// A type that is made up.
#[derive(Debug, Clone)]
pub enum Type {
    Bool,
    Int(u8),
    Float(bool),
    Char,
    Text,
    Bytes,
    Unit,
    Option(Box<Type>),
    Seq(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Tuple(Vec<Type>),
    Struct(Vec<Type>),
    TupleStruct(Vec<Type>),
    Newtype(Box<Type>),
    /// Variants, each a shape of its own.
    Enum(Vec<Type>),
}

/// Its value: what it consists of.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(u8, i128),
    Float(bool, u64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Unit,
    Option(Option<Box<Value>>),
    Seq(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Tuple(Vec<Value>),
    Struct(Vec<Value>),
    TupleStruct(Vec<Value>),
    Newtype(Box<Value>),
    Enum(u32, Box<Value>),
}

const FIELDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// `$body`, with `$type` as the kind of integer that has this number.
macro_rules! by_int {
    ($kind:expr, $type:ident => $body:expr) => {
        match $kind % 10 {
            0 => {
                type $type = u8;
                $body
            }
            1 => {
                type $type = u16;
                $body
            }
            2 => {
                type $type = u32;
                $body
            }
            3 => {
                type $type = u64;
                $body
            }
            4 => {
                type $type = u128;
                $body
            }
            5 => {
                type $type = i8;
                $body
            }
            6 => {
                type $type = i16;
                $body
            }
            7 => {
                type $type = i32;
                $body
            }
            8 => {
                type $type = i64;
                $body
            }
            _ => {
                type $type = i128;
                $body
            }
        }
    };
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Bool(value) => value.serialize(s),
            Value::Int(kind, value) => by_int!(kind, Int => (*value as Int).serialize(s)),
            Value::Float(true, bits) => f64::from_bits(*bits).serialize(s),
            Value::Float(false, bits) => f32::from_bits(*bits as u32).serialize(s),
            Value::Char(value) => value.serialize(s),
            Value::Text(value) => value.serialize(s),
            Value::Bytes(value) => s.serialize_bytes(value),
            Value::Unit => s.serialize_unit(),
            Value::Option(value) => value.serialize(s),
            Value::Seq(values) => {
                let mut seq = s.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Value::Map(entries) => {
                let mut map = s.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Value::Tuple(values) => {
                let mut tuple = s.serialize_tuple(values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_element(value))?;
                tuple.end()
            }
            Value::Struct(values) => {
                let mut fields = s.serialize_struct("S", values.len())?;
                let mut named = FIELDS.iter().zip(values);
                named.try_for_each(|(name, value)| fields.serialize_field(name, value))?;
                fields.end()
            }
            Value::TupleStruct(values) => {
                let mut fields = s.serialize_tuple_struct("T", values.len())?;
                values.iter().try_for_each(|value| fields.serialize_field(value))?;
                fields.end()
            }
            Value::Newtype(value) => s.serialize_newtype_struct("N", value),
            Value::Enum(index, value) => match &**value {
                Value::Unit => s.serialize_unit_variant("E", *index, "V"),
                Value::Tuple(values) => {
                    let mut fields = s.serialize_tuple_variant("E", *index, "V", values.len())?;
                    values.iter().try_for_each(|value| fields.serialize_field(value))?;
                    fields.end()
                }
                Value::Struct(values) => {
                    let mut fields = s.serialize_struct_variant("E", *index, "V", values.len())?;
                    let mut named = FIELDS.iter().zip(values);
                    named.try_for_each(|(name, value)| fields.serialize_field(name, value))?;
                    fields.end()
                }
                value => s.serialize_newtype_variant("E", *index, "V", value),
            },
        }
    }
}

impl<'de> DeserializeSeed<'de> for &Type {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        match self {
            Type::Bool => bool::deserialize(d).map(Value::Bool),
            Type::Int(kind) => {
                by_int!(kind, Int => Int::deserialize(d).map(|n| Value::Int(*kind, n as i128)))
            }
            Type::Float(true) => f64::deserialize(d).map(|f| Value::Float(true, f.to_bits())),
            Type::Float(false) => {
                f32::deserialize(d).map(|f| Value::Float(false, f.to_bits().into()))
            }
            Type::Char => char::deserialize(d).map(Value::Char),
            Type::Text => String::deserialize(d).map(Value::Text),
            Type::Bytes => d.deserialize_byte_buf(Reader(self)),
            Type::Unit => d.deserialize_unit(Reader(self)),
            Type::Option(_) => d.deserialize_option(Reader(self)),
            Type::Seq(_) => d.deserialize_seq(Reader(self)),
            Type::Map(..) => d.deserialize_map(Reader(self)),
            Type::Tuple(types) => d.deserialize_tuple(types.len(), Reader(self)),
            Type::Struct(types) => d.deserialize_struct("S", &FIELDS[..types.len()], Reader(self)),
            Type::TupleStruct(types) => d.deserialize_tuple_struct("T", types.len(), Reader(self)),
            Type::Newtype(_) => d.deserialize_newtype_struct("N", Reader(self)),
            Type::Enum(_) => d.deserialize_enum("E", &[], Reader(self)),
        }
    }
}

struct Reader<'t>(&'t Type);

impl<'de> serde::de::Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Unit)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Option(None))
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        let Type::Option(inner) = self.0 else { unreachable!() };
        inner.deserialize(d).map(|value| Value::Option(Some(Box::new(value))))
    }

    fn visit_newtype_struct<D: serde::Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        let Type::Newtype(inner) = self.0 else { unreachable!() };
        inner.deserialize(d).map(|value| Value::Newtype(Box::new(value)))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        if let Type::Seq(inner) = self.0 {
            while let Some(value) = seq.next_element_seed(&**inner)? {
                values.push(value);
            }
            return Ok(Value::Seq(values));
        }
        let (Type::Tuple(types) | Type::Struct(types) | Type::TupleStruct(types)) = self.0 else {
            unreachable!()
        };
        for inner in types {
            values.push(seq.next_element_seed(inner)?.expect("as many as there are"));
        }
        Ok(match self.0 {
            Type::Tuple(_) => Value::Tuple(values),
            Type::Struct(_) => Value::Struct(values),
            _ => Value::TupleStruct(values),
        })
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Type::Map(key, value) = self.0 else { unreachable!() };
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry_seed(&**key, &**value)? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }

    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        use serde::de::VariantAccess;
        let Type::Enum(variants) = self.0 else { unreachable!() };
        let (index, variant): (u32, A::Variant) = data.variant()?;
        let shape = variants.get(index as usize);
        let value = match shape.ok_or_else(|| serde::de::Error::custom("no such variant"))? {
            Type::Unit => variant.unit_variant().map(|()| Value::Unit)?,
            shape @ Type::Tuple(types) => variant.tuple_variant(types.len(), Reader(shape))?,
            shape @ Type::Struct(types) => {
                variant.struct_variant(&FIELDS[..types.len()], Reader(shape))?
            }
            shape => variant.newtype_variant_seed(shape)?,
        };
        Ok(Value::Enum(index, Box::new(value)))
    }
}

pub fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        (0u8..10).prop_map(Type::Int),
        any::<bool>().prop_map(Type::Float),
        Just(Type::Char),
        Just(Type::Text),
        Just(Type::Bytes),
        Just(Type::Unit),
    ];
    leaf.prop_recursive(5, 30, 6, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let some = proptest::collection::vec(inner.clone(), 0..6);
        prop_oneof![
            boxed.clone().prop_map(Type::Option),
            boxed.clone().prop_map(Type::Seq),
            boxed.clone().prop_map(Type::Newtype),
            (boxed.clone(), boxed).prop_map(|(key, value)| Type::Map(key, value)),
            some.clone().prop_map(Type::Tuple),
            some.clone().prop_map(Type::Struct),
            some.prop_map(Type::TupleStruct),
            proptest::collection::vec(inner, 1..6).prop_map(Type::Enum),
        ]
    })
}

fn any_value(of: &Type) -> BoxedStrategy<Value> {
    let all = |types: &[Type]| types.iter().map(any_value).collect::<Vec<_>>();
    match of {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        &Type::Int(kind) => {
            let fitted = move |number: i128| by_int!(kind, Int => number as Int as i128);
            any::<i128>().prop_map(move |number| Value::Int(kind, fitted(number))).boxed()
        }
        Type::Float(true) => any::<u64>().prop_map(|bits| Value::Float(true, bits)).boxed(),
        Type::Float(false) => {
            any::<u32>().prop_map(|bits| Value::Float(false, bits.into())).boxed()
        }
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::Text => any::<String>().prop_map(Value::Text).boxed(),
        Type::Bytes => any::<Vec<u8>>().prop_map(Value::Bytes).boxed(),
        Type::Unit => Just(Value::Unit).boxed(),
        Type::Option(inner) => proptest::option::of(any_value(inner).prop_map(Box::new))
            .prop_map(Value::Option)
            .boxed(),
        Type::Seq(inner) => {
            proptest::collection::vec(any_value(inner), 0..4).prop_map(Value::Seq).boxed()
        }
        Type::Map(key, value) => {
            proptest::collection::vec((any_value(key), any_value(value)), 0..4)
                .prop_map(Value::Map)
                .boxed()
        }
        Type::Tuple(types) => all(types).prop_map(Value::Tuple).boxed(),
        Type::Struct(types) => all(types).prop_map(Value::Struct).boxed(),
        Type::TupleStruct(types) => all(types).prop_map(Value::TupleStruct).boxed(),
        Type::Newtype(inner) => {
            any_value(inner).prop_map(|value| Value::Newtype(Box::new(value))).boxed()
        }
        Type::Enum(variants) => {
            let variants = variants.iter().enumerate().map(|(index, shape)| {
                any_value(shape)
                    .prop_map(move |value| Value::Enum(index as u32, Box::new(value)))
                    .boxed()
            });
            proptest::strategy::Union::new(variants).boxed()
        }
    }
}

pub fn any_typed() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|of| (any_value(&of), Just(of)).prop_map(|(value, of)| (of, value)))
}

/// Reads a made-up type as bincode's `deserialize` does.
pub fn read_theirs(of: &Type, bytes: &[u8]) -> Option<Value> {
    use bincode::Options;
    let options = bincode::options().with_fixint_encoding().allow_trailing_bytes();
    options.deserialize_seed(of, bytes).ok()
}

pub fn read_ours(of: &Type, bytes: &[u8]) -> Result<Value, Error> {
    of.deserialize(&mut de::Deserializer::new(bytes))
}
