//! All figures, and whether limits were kept.

use std::fmt::Write as _;
use std::time::Duration;

use super::figures::{self, Asked, Row, Times};
use super::measures::{Drag, Opening};
use super::options::Options;
use super::served::Served;

/// All rows.
#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
}

impl Report {
    pub fn add_times(&mut self, what: String, times: Vec<Duration>, p95_ms: Option<f64>) {
        self.rows.push(Row {
            what,
            images_per_s: None,
            times: Times::of(&times),
            kilobytes: None,
            processors: None,
            asked: Asked {
                images_per_s: None,
                p95_ms,
                is_limit: false,
            },
            remark: String::new(),
        });
    }

    /// What is to be read behind the last row.
    pub fn remark(&mut self, remark: String) {
        if let Some(row) = self.rows.last_mut() {
            row.remark = remark;
        }
    }

    pub fn add_openings(&mut self, openings: Vec<Opening>, what: &str, p95_ms: Option<f64>) {
        if openings.is_empty() {
            return;
        }
        let of = |time: fn(&Opening) -> Duration| openings.iter().map(time).collect::<Vec<_>>();
        self.add_times(what.to_owned(), of(|opening| opening.first), p95_ms);
        if let (Some(row), Some(last)) = (self.rows.last_mut(), openings.last()) {
            row.kilobytes = Some(last.bytes as f64 / 1e3);
            row.remark = format!("of {:.1} % of the voxels", 100.0 * last.fraction);
            if let Some(difference) = last.difference {
                let _ = write!(row.remark, ", {difference:.2} of 255 from the exact one");
            }
        }
        self.add_times(format!("{what}, until still"), of(|opening| opening.still), None);
        self.add_times(format!("{what}, until exact"), of(|opening| opening.exact), None);
    }

    pub fn add_drag(&mut self, what: String, drag: &Drag, processors: Option<f64>, asked: Asked) {
        self.rows.push(Row {
            what,
            images_per_s: Some(drag.images_per_s()),
            times: Times::of(&drag.latencies),
            kilobytes: Some(drag.kilobytes()),
            processors,
            asked,
            remark: format!("drawn {} to {} pixels wide", drag.sides[0], drag.sides[1]),
        });
    }

    /// Prints it all; gives whether the limits were kept.
    pub fn print(&self, served: &Served, options: &Options) -> bool {
        print!("{}", figures::table(&self.rows));
        let mut is_good = true;
        if let Some(server) = &served.server {
            let most_mb = server.most_mb();
            println!("memory: {most_mb:.0} MB at most of {:.0} MB", options.budget_mb);
            is_good &= most_mb <= options.budget_mb;
        }
        for row in self.rows.iter().filter(|row| row.asked.is_limit && row.is_late()) {
            println!(
                "{}: expected 95 of 100 within {:?} ms, found {:?}",
                row.what,
                row.asked.p95_ms,
                row.times.map(|times| times.p95_ms)
            );
            is_good = false;
        }
        is_good
    }
}
