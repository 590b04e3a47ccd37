//! Any bytes as values of many types. They are refused, or read as bincode reads them; when written again, they
//! give the same value.

use std::collections::BTreeMap;

use ferripc::protocols::ipc2::message::{ClientSocketMessage, ServerSocketMessage};
use ferripc::protocols::ipc2::payload::{Error, from_slice, to_vec};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Message {
    Unit,
    New(u64),
    Tuple(i8, i128, char),
    Struct { name: String, flag: bool, rest: Option<Box<Message>> },
    List(Vec<Message>),
    Map(BTreeMap<String, Vec<u16>>),
    Float(f32),
}

/// Has elements without bytes. bincode would count as many as the length says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Empty {
    Units(Vec<()>),
    More(Box<Empty>, Vec<Empty>),
}

trait Value: PartialEq + std::fmt::Debug + Serialize + for<'de> Deserialize<'de> {}
impl<T: PartialEq + std::fmt::Debug + Serialize + for<'de> Deserialize<'de>> Value for T {}

fn there_and_back<T: Value>(bytes: &[u8]) -> Result<T, Error> {
    let value = from_slice::<T>(bytes)?;
    let written = to_vec(&value).expect("what was read can be written");
    let again = from_slice::<T>(&written).expect("what was written can be read");
    assert_eq!(to_vec(&again).unwrap(), written);
    Ok(value)
}

fn as_bincode<T: Value>(bytes: &[u8]) {
    let reference = bincode::deserialize::<T>(bytes);
    match (there_and_back::<T>(bytes), reference) {
        (Ok(value), Ok(theirs)) => {
            let theirs = bincode::serialize(&theirs).unwrap();
            assert_eq!(to_vec(&value).unwrap(), theirs);
        }
        (Err(_), Err(_)) | (Err(Error::TooDeep), Ok(_)) => {}
        (ours, theirs) => panic!("{ours:?} {theirs:?}"),
    }
}

/// A payload.
pub fn run(bytes: &[u8]) {
    as_bincode::<Message>(bytes);
    as_bincode::<Vec<Message>>(bytes);
    as_bincode::<(String, Option<u32>, bool)>(bytes);
    as_bincode::<Vec<Vec<u8>>>(bytes);
    as_bincode::<(f64, u128, Vec<char>)>(bytes);
    let _ = there_and_back::<Vec<Empty>>(bytes);
    let _ = from_slice::<ClientSocketMessage<Message>>(bytes);
    let _ = from_slice::<ServerSocketMessage<Message>>(bytes);
}
