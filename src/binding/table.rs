//! Objects, by the numbers that JavaScript gives them. Used by `super::ipc2` and `super::pixivutil2`.

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
    /// Adds an object.
    pub fn insert(&self, id: u32, thing: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, thing);
    }

    /// Removes and returns an object.
    pub fn remove(&self, id: u32) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }

    /// Removes and returns all objects.
    pub fn take(&self) -> HashMap<u32, T> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `act` with an object, if it exists.
    pub fn on<R>(&self, id: u32, act: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(act)
    }
}

impl<T: Clone> Table<T> {
    /// A copy of an object.
    pub fn get(&self, id: u32) -> Option<T> {
        self.on(id, T::clone)
    }
}
