//! Groups calls: what comes while the database is busy with earlier ones is done together, in one trip. A call that comes alone is done at once.
//! If the database rejects a group, or a row of it cannot be read, each call is done on its own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::StoreError;
use super::database::Database;

/// A call that can be done together with others.
pub(super) trait Call: Sized + Send + Sync {
    type Answer: Send;

    /// Whether it can be done together with these.
    fn joins(&self, others: &[Arc<Self>]) -> bool;

    /// The answers, in the order of the calls.
    fn together(database: &Database, calls: &[Arc<Self>]) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;

    fn alone(database: &Database, call: &Arc<Self>) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

type Answering<C> = oneshot::Sender<Result<<C as Call>::Answer, StoreError>>;

struct Waiting<C: Call> {
    call: Arc<C>,
    answer: Answering<C>,
}

pub(super) struct Grouping<C: Call> {
    waiting: Mutex<Vec<Waiting<C>>>,
    turn: tokio::sync::Mutex<()>,
}

impl<C: Call> Default for Grouping<C> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<C: Call> Grouping<C> {
    pub(super) async fn run(&self, database: &Database, call: C) -> Result<C::Answer, StoreError> {
        let call = Arc::new(call);
        loop {
            let (answer, mut receiver) = oneshot::channel();
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { call: Arc::clone(&call), answer });
            let result = loop {
                tokio::select! {
                    biased;
                    result = &mut receiver => break result,
                    turn = self.turn.lock() => {
                        self.answer_some(database).await;
                        drop(turn);
                    }
                }
            };
            // The caller that had taken this call was dropped: nothing of it was done.
            let Ok(result) = result else { continue };
            return result;
        }
    }

    async fn answer_some(&self, database: &Database) {
        let (calls, waiting) = self.take();
        let together = if calls.is_empty() { Ok(Vec::new()) } else { C::together(database, &calls).await };
        match together {
            Ok(answers) => {
                for (waiting, answer) in waiting.into_iter().zip(answers) {
                    let _ = waiting.send(Ok(answer));
                }
            }
            Err(StoreError::Unfit { .. } | StoreError::Damaged(_)) => {
                for (call, waiting) in calls.iter().zip(waiting) {
                    let _ = waiting.send(C::alone(database, call).await);
                }
            }
            Err(error) => {
                for waiting in waiting {
                    let _ = waiting.send(Err(error.clone()));
                }
            }
        }
    }

    /// The first waiting calls that can be done together.
    fn take(&self) -> (Vec<Arc<C>>, Vec<Answering<C>>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Callers that were dropped while waiting want nothing done.
        waiting.retain(|waiting| !waiting.answer.is_closed());
        let mut calls = Vec::with_capacity(waiting.len());
        let taken = waiting.extract_if(.., |waiting| {
            let joins = waiting.call.joins(&calls);
            if joins {
                calls.push(Arc::clone(&waiting.call));
            }
            joins
        });
        let answers = taken.map(|waiting| waiting.answer).collect();
        (calls, answers)
    }
}
