//! Changes what is kept about messages.

use std::ops::ControlFlow;

use rusqlite::{Transaction, TransactionBehavior};

use super::level::Parsed;
use super::open::Engine;
use crate::error::EngineError;
use crate::model::{Mark, MessageId};
use crate::store;

impl Engine {
    /// Marks messages, all or none, and returns how many were not marked so already.
    ///
    /// Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotFound`] and [`EngineError::Store`] leave every message as it was. After
    /// [`EngineError::StorageFull`] and [`EngineError::Index`] the change may be stored, and searches
    /// wait for the index to follow.
    pub fn mark(&self, ids: &[MessageId], mark: Mark) -> Result<u64, EngineError> {
        self.change(|transaction| store::mark(transaction, ids, mark))
    }

    /// Adds labels to messages, then removes labels from them, all or none, and returns how many
    /// messages changed. Labels that differ in the case of ASCII letters are one.
    ///
    /// Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`EngineError::BadLabel`], otherwise as [`mark`](Self::mark).
    pub fn label(&self, ids: &[MessageId], add: &[String], remove: &[String]) -> Result<u64, EngineError> {
        self.change(|transaction| store::label(transaction, ids, add, remove))
    }

    fn change(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<u64, EngineError>,
    ) -> Result<u64, EngineError> {
        let mut writer = self.writer();
        let transaction = writer.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = change(&transaction)?;
        transaction.commit()?;
        self.drain(&mut writer, &Parsed::new(), &mut |_| ControlFlow::Continue(()))?;
        Ok(changed)
    }
}
