//! What channels remember between messages, in memory only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

const SETTLED: usize = 1000;

#[derive(Default)]
pub(super) struct Memory {
    /// Recipients that need no further try, by message.
    settled: Mutex<HashMap<Uuid, Vec<String>>>,
    /// Ids of threads created by name, by channel and name.
    threads: Mutex<HashMap<String, String>>,
}

impl Memory {
    pub(super) fn settled_recipients(&self, letter: Uuid) -> Vec<String> {
        lock(&self.settled).get(&letter).cloned().unwrap_or_default()
    }

    pub(super) fn note_recipients(&self, letter: Uuid, recipients: impl Iterator<Item = String>) {
        let mut settled = lock(&self.settled);
        // Most of these messages have failed by now.
        if settled.len() >= SETTLED {
            settled.clear();
        }
        settled.entry(letter).or_default().extend(recipients);
    }

    pub(super) fn forget_recipients(&self, letter: Uuid) {
        lock(&self.settled).remove(&letter);
    }

    /// The thread created for this channel and name. After a restart a second one of that name is created.
    pub(super) fn thread(&self, of: &str) -> Option<String> {
        lock(&self.threads).get(of).cloned()
    }

    pub(super) fn note_thread(&self, of: String, id: Option<String>) {
        let mut threads = lock(&self.threads);
        match id {
            Some(id) => drop(threads.insert(of, id)),
            None => drop(threads.remove(&of)),
        }
    }
}

/// A panic elsewhere does not damage what is remembered.
pub(super) fn lock<T>(remembered: &Mutex<T>) -> MutexGuard<'_, T> {
    remembered.lock().unwrap_or_else(PoisonError::into_inner)
}
