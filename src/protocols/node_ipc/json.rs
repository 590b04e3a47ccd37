//! JSON as serde_json writes it, but with long strings quoted many bytes at a time. serde_json looks at each byte of a
//! string, which for long strings takes longer than the rest of sending them. Used by `message`.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Error, Serializer as Json};

use crate::engine::codec::json::quote;

/// Room left after a long string, so that a closing bracket does not make it move.
const ROOM: usize = 64;

/// How serde_json names the structures that stand for values that are JSON already.
const VERBATIM: &str = "$serde_json::private::";

/// Appends `value`, as `serde_json::to_writer` does.
pub(super) fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), Error> {
    value.serialize(Writer(out))
}

struct Writer<'a>(&'a mut Vec<u8>);

/// An array or an object that has been opened.
struct Open<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
    end: &'static str,
    /// The name of a structure that serde_json has to write itself.
    verbatim: Option<&'static str>,
}

impl<'a> Writer<'a> {
    fn open(self, begin: &str, end: &'static str) -> Open<'a> {
        self.0.extend_from_slice(begin.as_bytes());
        Open { out: self.0, is_first: true, end, verbatim: None }
    }

    /// Opens the object around a variant, up to the variant's content.
    fn variant(self, name: &str) -> Self {
        self.0.push(b'{');
        quote(name.as_bytes(), self.0);
        self.0.push(b':');
        self
    }
}

impl Open<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next();
        write(self.out, value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        if let Some(name) = self.verbatim {
            let mut json = Json::new(&mut *self.out);
            let mut whole = json.serialize_struct(name, 1)?;
            SerializeStruct::serialize_field(&mut whole, key, value)?;
            return SerializeStruct::end(whole);
        }
        self.next();
        quote(key.as_bytes(), self.out);
        self.out.push(b':');
        write(self.out, value)
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
    }

    fn close(self) -> Result<(), Error> {
        self.out.extend_from_slice(self.end.as_bytes());
        Ok(())
    }
}

macro_rules! as_serde_json {
    ($($method:ident $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            Json::new(self.0).$method(value)
        })*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    as_serde_json! {
        serialize_bool bool, serialize_char char, serialize_bytes &[u8], serialize_f32 f32, serialize_f64 f64,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128,
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.0.reserve(text.len() + ROOM);
        quote(text.as_bytes(), self.0);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        Json::new(self.0).collect_str(value)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let Writer(out) = self.variant(variant);
        write(out, value)?;
        out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, Error> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Error> {
        Ok(self.variant(variant).open("[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, Error> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Open<'a>, Error> {
        if name.starts_with(VERBATIM) {
            return Ok(Open { verbatim: Some(name), ..self.open("", "") });
        }
        Ok(self.open("{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Error> {
        Ok(self.variant(variant).open("{", "}}"))
    }
}

macro_rules! items {
    ($($kind:ident $method:ident,)*) => {
        $(impl $kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

items! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! fields {
    ($($kind:ident)*) => {
        $(impl $kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Error;

    /// serde_json decides what may be a key: it writes an object with nothing but the key, `{"key":null}`, and the key is
    /// taken from that.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next();
        let before = self.out.pop().unwrap_or(b'{'); // or a comma
        let start = self.out.len();
        Json::new(&mut *self.out).collect_map([(key, ())])?;
        self.out[start] = before;
        self.out.truncate(self.out.len() - "null}".len());
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        write(self.out, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn written<T: Serialize + ?Sized>(value: &T) -> String {
        let mut out = b"before".to_vec();
        write(&mut out, value).expect("it is JSON");
        String::from_utf8(out).expect("UTF-8").split_off("before".len())
    }

    fn same<T: Serialize + ?Sized>(value: &T) {
        assert_eq!(written(value), serde_json::to_string(value).expect("it is JSON"));
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct Newtype(&'static str);

    #[derive(Serialize)]
    struct Tuple(i8, Option<u8>);

    #[derive(Serialize)]
    struct Fields {
        text: &'static str,
        #[serde(rename = "type \"\u{e9}\n")]
        number: f32,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        empty: Vec<()>,
    }

    #[derive(Serialize)]
    enum Variant {
        Unit,
        Newtype(char),
        Tuple(bool, u128),
        Fields { a: i128, b: () },
    }

    #[derive(Serialize)]
    #[serde(tag = "kind", content = "with")]
    enum Tagged {
        One(BTreeMap<u8, f64>),
    }

    #[derive(Serialize)]
    struct Flat {
        own: u8,
        #[serde(flatten)]
        more: BTreeMap<&'static str, Value>,
    }

    #[test]
    fn every_kind_of_value_is_written_as_serde_json_does() {
        let fields =
            || Fields { text: "a\u{2028}\u{7f}\0", number: 1.5, absent: None, empty: vec![] };
        same(&(Unit, Newtype("n"), Tuple(-1, None), fields(), (), [(); 2]));
        same(&[Variant::Unit, Variant::Newtype('"'), Variant::Tuple(true, u128::MAX)]);
        same(&Variant::Fields { a: i128::MIN, b: () });
        same(&Tagged::One(BTreeMap::from([(1, f64::NAN), (200, 1e300)])));
        same(&Flat { own: 1, more: BTreeMap::from([("x", json!([])), ("y", json!({}))]) });
        same(&BTreeMap::from([("", 1), ("a\"b", 2)]));
        same(&BTreeMap::from([('\n', "char"), ('x', "char")]));
        same(&BTreeMap::from([(true, 0)]));
        same(&BTreeMap::from([(-5i64, Variant::Unit)]));
        same(&BTreeMap::<u8, u8>::new());
        same(&format_args!("{}\t{:?}", 1, "text"));
        same(&std::net::Ipv4Addr::LOCALHOST);
        same(serde_json::from_str::<&RawValue>(" [1, 2.50 , \"\\u0041\"]").expect("JSON"));
        let raw = RawValue::from_string("{ \"x\" : 1e2 }".into()).expect("JSON");
        same(&vec![raw.clone(), raw]);
    }

    #[test]
    fn what_is_no_key_is_an_error() {
        let wrong = BTreeMap::from([(vec![1], 1)]);
        let expected = serde_json::to_string(&wrong).expect_err("a key").to_string();
        let error = write(&mut Vec::new(), &wrong).expect_err("a key");
        assert_eq!(error.to_string(), expected);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = || "[ -~\\x00-\\x1f\u{e9}\u{1F600}]{0,80}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(text(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_value_is_written_as_serde_json_does(value in any_json()) {
            prop_assert_eq!(written(&value), serde_json::to_string(&value).unwrap());
        }
    }
}
