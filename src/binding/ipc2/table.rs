//! Things by the numbers that they have across the border. Used by [`super::host`] and [`super::processes`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// See the module's page.
pub struct Table<T>(Mutex<HashMap<u32, T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Table<T> {
    /// Adds a thing.
    pub fn insert(&self, id: u32, thing: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, thing);
    }

    /// Takes a thing out.
    pub fn remove(&self, id: u32) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }

    /// Calls `act` with a thing, if it is there.
    pub fn on<R>(&self, id: u32, act: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(act)
    }
}

impl<T: Clone> Table<T> {
    /// A copy of a thing.
    pub fn get(&self, id: u32) -> Option<T> {
        self.on(id, T::clone)
    }
}
