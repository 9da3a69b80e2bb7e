//! Lines over time, drawn as SVG on the server: no script is needed, and a table beside it says the same.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::figures::{Point, Span};
use super::limits::{Limits, Metric};
use crate::clock::SECOND_NS;
use crate::ui::View;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 150.0;
/// Room for the words beside the line.
const LEFT: f64 = 52.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 10.0;

/// Where things stand in a picture.
struct Scale {
    from_s: i64,
    seconds: i64,
    most: f64,
}

impl Scale {
    fn x(&self, at_s: i64) -> f64 {
        let part = (at_s - self.from_s) as f64 / self.seconds.max(1) as f64;
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - 8.0)
    }

    fn y(&self, value: f64) -> f64 {
        let part = (value / self.most).clamp(0.0, 1.0);
        HEIGHT - BELOW - part * (HEIGHT - BELOW - ABOVE)
    }
}

/// A value as people read it.
pub(super) fn value(value: f64, unit: &str) -> String {
    let number = match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    match unit {
        "" => number,
        "%" => format!("{number}%"),
        unit => format!("{number} {unit}"),
    }
}

/// The largest value that a picture shows: a round one above all that stands in it.
fn top(metric: &Metric, points: &[Point]) -> f64 {
    if let Some(most) = metric.most {
        return most;
    }
    let most = points.iter().map(|(_, _, most)| *most).fold(0.0_f64, f64::max);
    if most <= 0.0 {
        return 1.0;
    }
    let size = 10.0_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let fitting = steps.iter().map(|step| step * size).find(|edge| *edge >= most);
    fitting.unwrap_or(10.0 * size)
}

/// The line of what was measured; where nothing was measured it is broken.
fn path(scale: &Scale, points: &[Point], step_s: i64) -> String {
    let mut path = String::new();
    let mut last_s = i64::MIN;
    for (at_s, mean, _) in points {
        let pen = if last_s != i64::MIN && at_s - last_s <= 2 * step_s {
            'L'
        } else {
            'M'
        };
        let _ = write!(path, "{pen}{:.1} {:.1}", scale.x(*at_s), scale.y(*mean));
        if pen == 'M' {
            // A point alone is seen too.
            let _ = write!(path, "h0.1");
        }
        last_s = *at_s;
    }
    path
}

/// A picture of a metric in a span.
pub(super) fn draw(
    view: &View,
    title: &str,
    metric: &Metric,
    limits: &Limits,
    points: &[Point],
    span: Span,
    now_ns: i64,
) -> Markup {
    let now_s = now_ns / SECOND_NS;
    let scale = Scale {
        from_s: now_s - span.seconds,
        seconds: span.seconds,
        most: top(metric, points),
    };
    let (left, right, bottom) = (LEFT, WIDTH - 8.0, HEIGHT - BELOW);
    let lines = [("warning", limits.warning), ("critical", limits.critical)];
    let seen = lines.into_iter().filter(|(_, limit)| *limit < scale.most);
    let time = |at_s: i64| view.zone.minute(at_s * SECOND_NS);
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
            @for part in [0.0, 0.5, 1.0] {
                @let y = scale.y(part * scale.most);
                line.grid x1=(left) x2=(right) y1=(format!("{y:.1}")) y2=(format!("{y:.1}")) {}
                text x=(left - 6.0) y=(format!("{:.1}", y + 4.0)) text-anchor="end" { (value(part * scale.most, metric.unit)) }
            }
            @for (class, limit) in seen {
                @let y = format!("{:.1}", scale.y(limit));
                line class=(format!("limit {class}")) x1=(left) x2=(right) y1=(y) y2=(y) {}
            }
            path.line d=(path(&scale, points, span.step_s)) {}
            text x=(left) y=(format!("{:.1}", bottom + 16.0)) { (time(scale.from_s)) }
            text x=(right) y=(format!("{:.1}", bottom + 16.0)) text-anchor="end" { (time(now_s)) }
        }
    }
}

/// The same as a table of a few rows.
pub(super) fn table(view: &View, metric: &Metric, points: &[Point], span: Span) -> Markup {
    let step_s = match span.word {
        "hour" => 300,
        "day" => 3600,
        _ => 24 * 3600,
    };
    let mut rows: Vec<(i64, f64, f64, f64)> = Vec::new();
    for (at_s, mean, most) in points {
        let begins = at_s.div_euclid(step_s) * step_s;
        match rows.last_mut().filter(|row| row.0 == begins) {
            Some(row) => *row = (begins, row.1 + mean, row.2.max(*most), row.3 + 1.0),
            None => rows.push((begins, *mean, *most, 1.0)),
        }
    }
    html! {
        details.figures {
            summary { (view.say("monitoring-as-table")) }
            table {
                thead { tr {
                    th scope="col" { (view.say("time")) }
                    th scope="col" { (view.say("monitoring-mean")) }
                    th scope="col" { (view.say("monitoring-most")) }
                } }
                tbody { @for (at_s, total, most, count) in &rows { tr {
                    td { (view.time(at_s * SECOND_NS)) }
                    td { (value(total / count, metric.unit)) }
                    td { (value(*most, metric.unit)) }
                } } }
            }
        }
    }
}
