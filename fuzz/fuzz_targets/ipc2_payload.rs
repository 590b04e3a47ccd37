//! Any bytes as values of many types: they are refused, or read and written again to the same value.

#![no_main]

use std::collections::BTreeMap;

use ferripc::protocols::ipc2::payload::{from_slice, to_vec};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Message {
    Unit,
    New(u64),
    Tuple(i8, i128, char),
    Struct { name: String, flag: bool, rest: Option<Box<Message>> },
    List(Vec<Message>),
    Map(BTreeMap<String, Vec<u16>>),
    Empty(Vec<()>),
}

fn there_and_back<T: PartialEq + std::fmt::Debug + Serialize + for<'de> Deserialize<'de>>(
    bytes: &[u8],
) {
    let Ok(value) = from_slice::<T>(bytes) else { return };
    let written = to_vec(&value).expect("what was read can be written");
    assert_eq!(from_slice::<T>(&written).as_ref(), Ok(&value));
}

fuzz_target!(|bytes: &[u8]| {
    there_and_back::<Message>(bytes);
    there_and_back::<Vec<Message>>(bytes);
    there_and_back::<(String, Option<u32>, bool)>(bytes);
    there_and_back::<Vec<Vec<u8>>>(bytes);
});
