//! What is found in real mail, counted against independent readings of the same files, and what stays
//! true of mail that was broken at random.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod compare;
mod corpora;
mod corpus;
mod independent;
mod mailboxes;
mod mutations;
