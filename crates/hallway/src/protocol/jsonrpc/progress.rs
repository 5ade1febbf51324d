//! `$/progress`: what the Language Server Protocol's work done progress has, and our own three members.

use serde::Serialize;

use super::super::Id;
use super::super::message::{Progress, Stage};
use super::id::{self, Echo};
use crate::encoding::Raw;

/// The parameters of `$/progress`.
#[derive(Serialize)]
pub(super) struct Params<'a> {
    token: Echo<'a>,
    value: Value<'a>,
}

#[derive(Serialize)]
struct Value<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    percentage: Option<u64>,
}

impl<'a> Params<'a> {
    pub(super) fn new(token: &'a Id, progress: &'a Progress) -> Self {
        let (kind, title) = match &progress.stage {
            Stage::Begin { title } => ("begin", Some(&**title)),
            Stage::Report => ("report", None),
            Stage::End => ("end", None),
        };
        let goes_on = progress.stage != Stage::End;
        let value = Value {
            kind,
            title,
            done: goes_on.then_some(progress.done),
            total: progress.total,
            message: &progress.message,
            percentage: percentage(progress),
        };
        Self { token: Echo(Some(token)), value }
    }
}

/// How much of the whole, from 0 to 100, where the whole is known.
fn percentage(progress: &Progress) -> Option<u64> {
    let total = progress.total.filter(|&total| total > 0)?;
    u64::try_from(u128::from(progress.done.min(total)) * 100 / u128::from(total)).ok()
}

/// Reads the parameters of a `$/progress`. `None`: it is somebody else's.
pub(super) fn read(token: Option<Raw<'_>>, value: Option<Raw<'_>>) -> Option<(Id, Progress)> {
    Some((id::read(token?)?, value?.decode().ok()?))
}
