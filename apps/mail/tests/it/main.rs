//! The program as its users see it, on real disks and in real processes; what it finds in real mail, counted against
//! independent readings of the same files; and what stays true of mail that was broken at random.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod child;
mod compare;
mod concurrent;
mod corpora;
mod corpus;
mod crash;
mod disk_full;
mod import;
mod independent;
mod level;
mod mail;
mod mailboxes;
mod mutations;
mod search;
mod threads;
