//! The format beside that of `bincode` 1.3.3 itself, in both directions: on types of many kinds with any
//! values, and on any types, which are made up at run time.

#![allow(clippy::unnecessary_cast)] // of the one integer that is not to be cast

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newtype(i128);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pair(char, Option<Option<u128>>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Numbers {
    unsigned: (u8, u16, u32, u64, usize),
    signed: (i8, i16, i32, i64, isize),
    floats: [f32; 2],
    double: f64,
    flag: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Nothing,
    Unit(Unit),
    Newtype(Newtype),
    Pair(Pair),
    Numbers(Box<Numbers>),
    Texts(Vec<String>, BTreeSet<char>),
    Map { map: BTreeMap<String, Vec<u8>>, unit: () },
    Result(Result<u8, String>),
    Many(Vec<Kind>),
    Maybe(Option<Box<Kind>>),
}

fn any_number() -> impl Strategy<Value = Numbers> {
    let floats = [any::<u32>(), any::<u32>()].prop_map(|bits| bits.map(f32::from_bits));
    let double = any::<u64>().prop_map(f64::from_bits);
    (
        any::<(u8, u16, u32, u64, usize)>(),
        any::<(i8, i16, i32, i64, isize)>(),
        floats,
        double,
        any::<bool>(),
    )
        // A NaN is not equal to itself.
        .prop_filter("NaN", |(.., floats, double, _)| {
            !floats.iter().any(|f| f.is_nan()) && !double.is_nan()
        })
        .prop_map(|(unsigned, signed, floats, double, flag)| Numbers {
            unsigned,
            signed,
            floats,
            double,
            flag,
        })
}

fn any_kind() -> impl Strategy<Value = Kind> {
    let texts = (any::<Vec<String>>(), any::<BTreeSet<char>>());
    let leaf = prop_oneof![
        Just(Kind::Nothing),
        Just(Kind::Unit(Unit)),
        any::<i128>().prop_map(|number| Kind::Newtype(Newtype(number))),
        any::<(char, Option<Option<u128>>)>().prop_map(|(c, number)| Kind::Pair(Pair(c, number))),
        any_number().prop_map(|numbers| Kind::Numbers(Box::new(numbers))),
        texts.prop_map(|(texts, chars)| Kind::Texts(texts, chars)),
        any::<BTreeMap<String, Vec<u8>>>().prop_map(|map| Kind::Map { map, unit: () }),
        any::<Result<u8, String>>().prop_map(Kind::Result),
    ];
    leaf.prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Kind::Many),
            proptest::option::of(inner.prop_map(Box::new)).prop_map(Kind::Maybe),
        ]
    })
}

/// A type that is made up.
#[derive(Debug, Clone)]
enum Type {
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
enum Value {
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

/// `$body` with `$type` for the kind of integer with this number.
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

fn any_type() -> impl Strategy<Value = Type> {
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

fn any_typed() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|of| (any_value(&of), Just(of)).prop_map(|(value, of)| (of, value)))
}

/// Reads as bincode's `deserialize` does, a type that is made up.
fn read_theirs(of: &Type, bytes: &[u8]) -> Option<Value> {
    use bincode::Options;
    let options = bincode::options().with_fixint_encoding().allow_trailing_bytes();
    options.deserialize_seed(of, bytes).ok()
}

fn read_ours(of: &Type, bytes: &[u8]) -> Result<Value, Error> {
    of.deserialize(&mut de::Deserializer::new(bytes))
}

fn both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let bytes = bincode::serialize(value).unwrap();
    assert_eq!(to_vec(value).unwrap(), bytes);
    assert_eq!(&from_slice::<T>(&bytes).unwrap(), value);
    let trailing = [&bytes[..], b"more"].concat();
    assert_eq!(&from_slice::<T>(&trailing).unwrap(), value);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_values_are_those_of_bincode(kind in any_kind()) {
        both_ways(&kind);
    }

    #[test]
    fn any_types_are_those_of_bincode((of, value) in any_typed()) {
        let bytes = bincode::serialize(&value).unwrap();
        prop_assert_eq!(&to_vec(&value).unwrap(), &bytes);
        prop_assert_eq!(read_ours(&of, &bytes).ok(), read_theirs(&of, &bytes));
        for cut in 0..bytes.len() {
            prop_assert!(read_ours(&of, &bytes[..cut]).is_err());
        }
    }

    // What is read of bytes that nobody wrote is what bincode reads, or nothing where it reads nothing.
    #[test]
    fn any_bytes_are_what_they_are_to_bincode(
        of in any_type(),
        bytes in proptest::collection::vec(prop_oneof![3 => Just(0u8), 3 => 0u8..4, 1 => any::<u8>()], 0..120),
    ) {
        match read_ours(&of, &bytes) {
            Err(Error::TooManyEmpty) => {} // bincode would go on, with all the memory there is
            ours => prop_assert_eq!(ours.ok(), read_theirs(&of, &bytes)),
        }
    }

    #[test]
    fn any_bytes_are_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = from_slice::<Kind>(&bytes);
        let _ = from_slice::<Vec<Kind>>(&bytes);
        let _ = from_slice::<BTreeMap<String, Option<Kind>>>(&bytes);
    }

    #[test]
    fn a_value_that_has_been_tampered_with_is_harmless(
        kind in any_kind(),
        at in any::<usize>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = to_vec(&kind).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        prop_assert_eq!(from_slice::<Kind>(&bytes).ok(), bincode::deserialize::<Kind>(&bytes).ok());
    }
}

#[test]
fn a_hostile_length_is_an_error_and_allocates_nothing() {
    let mut bytes = u64::MAX.to_le_bytes().to_vec();
    bytes.extend([1; 20]);
    assert_eq!(from_slice::<String>(&bytes), Err(Error::End));
    assert_eq!(from_slice::<&[u8]>(&bytes), Err(Error::End));
    assert_eq!(from_slice::<Vec<u64>>(&bytes), Err(Error::End));
    assert_eq!(from_slice::<BTreeMap<u64, u64>>(&bytes), Err(Error::End));
    /// Takes what it is told about the number of elements.
    #[derive(Debug, PartialEq)]
    struct Hint(Option<usize>);
    impl<'de> Deserialize<'de> for Hint {
        fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Hint;
                fn expecting(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    Ok(())
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Hint, A::Error> {
                    Ok(Hint(seq.size_hint()))
                }
            }
            d.deserialize_seq(Visitor)
        }
    }
    assert_eq!(from_slice::<Hint>(&bytes), Ok(Hint(Some(20))));
}

#[test]
fn elements_without_bytes_do_not_take_for_ever() {
    let many = |count: u64| count.to_le_bytes();
    assert_eq!(from_slice::<Vec<()>>(&many(1000)).unwrap().len(), 1000);
    assert_eq!(from_slice::<Vec<()>>(&many(MAX_EMPTY)).unwrap().len() as u64, MAX_EMPTY);
    assert_eq!(from_slice::<Vec<()>>(&many(u64::MAX)), Err(Error::TooManyEmpty));
    assert_eq!(from_slice::<Vec<[Unit; 2]>>(&many(1 << 60)), Err(Error::TooManyEmpty));
    assert_eq!(from_slice::<BTreeMap<(), ()>>(&many(u64::MAX)), Err(Error::TooManyEmpty));
    let nested = [many(u64::MAX), many(MAX_EMPTY / 2), many(MAX_EMPTY), many(MAX_EMPTY)].concat();
    assert_eq!(from_slice::<Vec<Vec<()>>>(&nested), Err(Error::TooManyEmpty));
}

/// Takes much of the stack on each level.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Deep {
    ballast: [u64; 32],
    next: Option<Box<Deep>>,
}

#[test]
fn too_many_levels_are_an_error_long_before_the_stack_ends() {
    let nested = |levels: usize| [&[0; 256][..], &[1]].concat().repeat(levels);
    // A thread of tokio's has 2 MiB.
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
        assert_eq!(from_slice::<Deep>(&nested(100_000)), Err(Error::TooDeep));
        // Three levels each: the struct, the array, the Option.
        let last = [&nested(100)[..], &[0; 257]].concat();
        let value = from_slice::<Deep>(&last).unwrap();
        assert_eq!(to_vec(&value).unwrap(), last);
        let deep =
            (0..200).fold(value, |value, _| Deep { ballast: [0; 32], next: Some(Box::new(value)) });
        assert_eq!(to_vec(&deep), Err(Error::TooDeep));
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn what_has_no_bytes_or_is_none_says_why() {
    assert_eq!(from_slice::<bool>(&[2]), Err(Error::Bool(2)));
    assert_eq!(from_slice::<Option<u8>>(&[9, 9]), Err(Error::Option(9)));
    assert_eq!(from_slice::<char>(&[0xff]), Err(Error::Char));
    assert_eq!(from_slice::<char>(&[0xe2, 0x82]), Err(Error::End));
    assert_eq!(from_slice::<String>(&[1, 0, 0, 0, 0, 0, 0, 0, 0xff]), Err(Error::Text(0)));
    assert!(matches!(from_slice::<Kind>(&[99, 0, 0, 0]), Err(Error::Custom(_))));
    assert!(matches!(from_slice::<serde_json::Value>(&[0; 9]), Err(Error::NotSelfDescribing(_))));
    let mut bytes = Vec::new();
    assert_eq!(append("12345678", &mut bytes, 16), Ok(()));
    assert_eq!(append("123456789", &mut bytes, 16), Err(Error::TooLong(16)));
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.collect_seq(std::iter::repeat(0u8).filter(|_| true))
        }
    }
    assert_eq!(to_vec(&Endless), Err(Error::UnknownLength));
}
