//! The tables as bars, the best peer first: an SVG that needs nothing beside it.

use std::fmt::Write as _;

use crate::figures::{Case, Results, Summary};
use crate::machine::Machine;
use crate::options::Options;
use crate::report::{OURS, Section};
use crate::table::number;

const WIDTH: f64 = 900.0;
/// A bar with its name, and the room between two charts.
const ROW: f64 = 18.0;
const GAP: f64 = 56.0;
/// Where the bars begin and how long the longest is.
const NAMES: f64 = 190.0;
const BAR: f64 = 560.0;
/// Bars are on a logarithmic scale, and the shortest is still seen.
const SHORTEST: f64 = 24.0;

const STYLE: &str = "text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold;font-size:14px}\
    .small{fill:#57606a}rect{fill:#8c959f}.ours{fill:#0969da}.floor{fill:#d0d7de}";

pub fn svg(machine: &Machine, options: &Options, results: &Results) -> String {
    let charts: Vec<_> = Section::ALL
        .iter()
        .map(|section| (section, section.rows(results)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let mut body = String::new();
    let mut top = 24.0;
    line(
        &mut body,
        12.0,
        top,
        "small",
        &format!("{machine}; medians of {} rounds; logarithmic", options.rounds),
    );
    for (section, rows) in &charts {
        top += GAP;
        let better = if section.figure.less_is_better() { "less is better" } else { "more is better" };
        line(
            &mut body,
            12.0,
            top - 10.0,
            "title",
            &format!("{}: {}, {better}", section.title(), section.unit),
        );
        for row in rows {
            bar(&mut body, top, row, rows);
            top += ROW;
        }
    }
    let height = top + GAP / 2.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" style=\"fill:#fff\"/>\n{body}</svg>\n"
    )
}

fn bar(body: &mut String, top: f64, (case, summary): &(&Case, Summary), rows: &[(&Case, Summary)]) {
    let values = || rows.iter().map(|(_, summary)| summary.median.max(f64::MIN_POSITIVE).ln());
    let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    let part = (summary.median.max(f64::MIN_POSITIVE).ln() - least) / (most - least).max(f64::EPSILON);
    let length = SHORTEST + part * (BAR - SHORTEST);
    let class = match case.peer {
        peer if peer.starts_with(OURS) => "ours",
        peer if peer.starts_with("floor") => "floor",
        _ => "",
    };
    line(body, 12.0, top + 11.0, "", case.peer);
    let height = ROW - 5.0;
    let _infallible = writeln!(
        body,
        "<rect class=\"{class}\" x=\"{NAMES}\" y=\"{top}\" width=\"{length:.1}\" height=\"{height}\"/>"
    );
    line(body, NAMES + length + 6.0, top + 11.0, "small", &number(summary.median));
}

fn line(body: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _infallible = writeln!(body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
}
