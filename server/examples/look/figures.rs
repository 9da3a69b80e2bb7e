//! Times, and the table of all figures.

use std::fmt::Write as _;
use std::time::Duration;

/// Of many times the ones that matter, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    pub count: usize,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

impl Times {
    /// None of no times.
    pub fn of(times: &[Duration]) -> Option<Self> {
        let mut times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = (part * times.len() as f64).ceil() as usize;
            times.get(place.saturating_sub(1)).copied()
        };
        Some(Self {
            count: times.len(),
            p50_ms: at(0.5)?,
            p95_ms: at(0.95)?,
            p99_ms: at(0.99)?,
        })
    }
}

/// What is asked of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Asked {
    pub images_per_s: Option<f64>,
    pub p95_ms: Option<f64>,
    /// Whether being later ends in exit code 1.
    pub is_limit: bool,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub what: String,
    pub images_per_s: Option<f64>,
    pub times: Option<Times>,
    /// Of an image on the wire.
    pub kilobytes: Option<f64>,
    /// Of the server, of the time that passed: 2 are two cores.
    pub processors: Option<f64>,
    pub asked: Asked,
    pub remark: String,
}

impl Row {
    /// Whether what is asked was reached.
    pub fn is_good(&self) -> bool {
        let fast = self
            .asked
            .images_per_s
            .is_none_or(|least| self.images_per_s.is_some_and(|found| found >= least));
        fast && !self.is_late()
    }

    /// Whether it took longer than is asked.
    pub fn is_late(&self) -> bool {
        let is_soon = |most| self.times.is_some_and(|times| times.p95_ms <= most);
        !self.asked.p95_ms.is_none_or(is_soon)
    }

    fn asked(&self) -> String {
        let mut words = String::new();
        if let Some(least) = self.asked.images_per_s {
            let _ = write!(words, ">= {least}/s ");
        }
        if let Some(most) = self.asked.p95_ms {
            let _ = write!(words, "p95 <= {most} ms ");
        }
        if !self.is_good() {
            words.push_str("MISSED");
        }
        words.trim_end().to_owned()
    }
}

/// The rows under one head, in columns.
pub fn table(rows: &[Row]) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
    let mut lines = vec![
        [
            "what", "images/s", "p50 ms", "p95 ms", "p99 ms", "KB/image", "cores", "asked", "remark",
        ]
        .map(str::to_owned),
    ];
    lines.extend(rows.iter().map(|row| {
        [
            row.what.clone(),
            number(row.images_per_s),
            number(row.times.map(|times| times.p50_ms)),
            number(row.times.map(|times| times.p95_ms)),
            number(row.times.map(|times| times.p99_ms)),
            number(row.kilobytes),
            number(row.processors),
            row.asked(),
            row.remark.clone(),
        ]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..9).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let mut cells = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                // Words to the left, numbers to the right.
                if column == 0 || column > 6 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
        let line = cells.by_ref().collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_met() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        let found = Times::of(&times).unwrap();
        assert_eq!(
            (found.count, found.p50_ms, found.p95_ms, found.p99_ms),
            (200, 100.0, 190.0, 198.0)
        );
        let one = Times::of(&[Duration::from_millis(7)]).unwrap();
        assert_eq!((one.p50_ms, one.p99_ms), (7.0, 7.0));
        assert_eq!(Times::of(&[]), None);
    }

    #[test]
    fn what_is_missed_is_said() {
        let row = |images_per_s, p95_ms, asked| Row {
            what: "scroll".to_owned(),
            images_per_s,
            times: Times::of(&[Duration::from_millis(p95_ms)]),
            kilobytes: None,
            processors: Some(1.25),
            asked,
            remark: String::new(),
        };
        let asked = Asked {
            images_per_s: Some(30.0),
            p95_ms: Some(60.0),
            is_limit: false,
        };
        for (images_per_s, p95_ms, is_good) in [
            (Some(30.0), 60, true),
            (Some(29.9), 60, false),
            (Some(30.0), 61, false),
            (None, 60, false),
        ] {
            let row = row(images_per_s, p95_ms, asked);
            assert_eq!(row.is_good(), is_good, "{row:?}");
            assert_eq!(table(&[row]).contains("MISSED"), !is_good);
        }
        assert!(row(None, 1000, Asked::default()).is_good());
        let text = table(&[row(Some(31.26), 50, asked)]);
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.contains("31.3") && text.contains(">= 30/s p95 <= 60 ms"),
            "{text}"
        );
    }
}
