//! The jobs of the tests' workers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A job; its answer is a `u32`. The first seven are those of docs/vectors/ipc2-frames.txt.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub enum Task {
    Add(u32, u32),
    Sub(u32, u32),
    /// Never answers, and does nothing else.
    Hang,
    /// Ends with the status 42.
    Crash,
    /// Drops the sender of the answer.
    NoReply,
    /// Answers with the number of bytes.
    Echo(String),
    /// Keeps the text.
    Note(String),
    /// Answers after so many milliseconds.
    Sleep(u64),
    Pid,
    /// Answers with the number of notes.
    Notes,
    /// Answers after so many milliseconds, and receives other jobs meanwhile.
    Background(u64),
    /// Answers whether a job was ever received before a job in the background was answered.
    Overlapped,
    /// Works without end, and never reads its socket.
    Spin,
    /// Answers with the permissions of the socket's folder, as they were when the worker connected.
    FolderMode,
}

/// Values of many types.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct All {
    pub small: (u8, i8, u16, i16, bool, char),
    pub large: (u64, i64, u128, i128, f32, f64),
    pub text: String,
    pub list: Vec<Option<String>>,
    pub map: BTreeMap<String, Vec<u32>>,
    pub nested: Nested,
    pub unit: (),
    pub array: [u16; 3],
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub enum Nested {
    Leaf,
    One(Box<Nested>),
    Two(Box<Nested>, Option<Box<Nested>>),
    Named { left: Box<Nested>, value: i32 },
}

impl All {
    pub fn example() -> Self {
        let leaf = || Box::new(Nested::Leaf);
        let named = Nested::Named { left: leaf(), value: -7 };
        Self {
            small: (255, -128, 65535, -32768, true, '🦀'),
            large: (u64::MAX, i64::MIN, u128::MAX, i128::MIN, f32::MIN_POSITIVE, f64::MAX),
            text: "héllo \u{0} 世界".into(),
            list: vec![None, Some(String::new()), Some("x".repeat(100_000))],
            map: [("a".to_owned(), vec![]), ("b".to_owned(), vec![1, 2, 3])].into(),
            nested: Nested::Two(Box::new(Nested::One(Box::new(named))), Some(leaf())),
            unit: (),
            array: [1, 2, 3],
        }
    }
}
