//! Compares the format with that of `bincode` 1.3.3 itself, in both directions: for types of many kinds
//! with random values, and for random types that are made up at run time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::de::DeserializeOwned;

use self::made_up::{any_type, any_typed, read_ours, read_theirs};
use super::*;

mod made_up;

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

    // Random bytes are read as bincode reads them, or refused where it refuses them.
    #[test]
    fn any_bytes_are_what_they_are_to_bincode(
        of in any_type(),
        bytes in proptest::collection::vec(prop_oneof![3 => Just(0u8), 3 => 0u8..4, 1 => any::<u8>()], 0..120),
    ) {
        match read_ours(&of, &bytes) {
            Err(Error::TooManyEmpty) => {} // bincode would go on until the memory is used up
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
    /// Believes the number of elements that it is told.
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

/// Takes much of the stack at each level.
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
