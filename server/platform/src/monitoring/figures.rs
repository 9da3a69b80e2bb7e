//! What was measured: as it is now, and over time.

use std::collections::BTreeMap;

use database::{Connection, Sql, Value};

use super::limits::{Level, Limits, Standing, metric};
use super::machine::Reading;
use crate::Result;
use crate::clock::SECOND_NS;

/// A span that is drawn, and how coarse it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its word in the address of the page.
    pub(crate) word: &'static str,
    /// How long it is.
    pub(crate) seconds: i64,
    /// The grain that it is drawn of.
    pub(crate) grain_s: i64,
    /// Seconds that are drawn as one point.
    pub(crate) step_s: i64,
}

/// The hour and the day come of minutes, the month of half hours.
pub(crate) const SPANS: [Span; 3] = [
    span("hour", 3600, 60, 60),
    span("day", 24 * 3600, 60, 300),
    span("month", 30 * 24 * 3600, 1800, 7200),
];

const fn span(word: &'static str, seconds: i64, grain_s: i64, step_s: i64) -> Span {
    Span {
        word,
        seconds,
        grain_s,
        step_s,
    }
}

/// Grains with how long they are kept: 3000 rows of a metric at most.
const GRAINS: [(i64, i64); 2] = [(60, 25 * 3600), (1800, 31 * 24 * 3600)];

/// A metric of a server as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Current {
    /// The server.
    pub server: i64,
    /// Its name, as `disk:data`.
    pub metric: String,
    /// Its value; none where there was no answer.
    pub value: Option<f64>,
    /// When it was measured.
    pub at_ns: i64,
    pub(crate) standing: Standing,
}

/// All metrics of all servers as they are now.
///
/// # Errors
///
/// The database's.
pub async fn current(connection: &impl Connection) -> Result<Vec<Current>> {
    let sql = Sql::new(
        "SELECT server, metric, value, at_ns, level, towards, streak FROM readings ORDER BY server, metric",
    );
    let rows = sql.all(connection).await?;
    rows.iter()
        .map(|row| {
            let (level, towards): (String, String) = (row.get(4)?, row.get(5)?);
            Ok(Current {
                server: row.get(0)?,
                metric: row.get(1)?,
                value: row.get(2)?,
                at_ns: row.get(3)?,
                standing: Standing {
                    level: Level::from_word(&level),
                    towards: Level::from_word(&towards),
                    streak: row.get(6)?,
                },
            })
        })
        .collect()
}

/// Writes readings of a server with how they were judged.
pub(super) async fn write(
    connection: &impl Connection,
    server: i64,
    judged: &[(Reading, Standing)],
    now_ns: i64,
) -> Result<()> {
    if judged.is_empty() {
        return Ok(());
    }
    let mut sql =
        Sql::new("INSERT INTO readings (server, metric, value, at_ns, level, towards, streak) VALUES ");
    for (number, (reading, standing)) in judged.iter().enumerate() {
        let values: [Value; 7] = [
            server.into(),
            reading.metric.as_str().into(),
            reading.value.into(),
            now_ns.into(),
            standing.level.word().into(),
            standing.towards.word().into(),
            standing.streak.into(),
        ];
        sql.push(if number > 0 { ", (" } else { "(" })
            .bind_all(values)
            .push(")");
    }
    sql.push(
        " ON CONFLICT (server, metric) DO UPDATE SET value = excluded.value, at_ns = excluded.at_ns, level = excluded.level, \
         towards = excluded.towards, streak = excluded.streak",
    );
    sql.run(connection).await?;
    add(connection, server, judged, now_ns).await
}

/// Adds them to what is kept over time.
async fn add(
    connection: &impl Connection,
    server: i64,
    judged: &[(Reading, Standing)],
    now_ns: i64,
) -> Result<()> {
    let mut sql =
        Sql::new("INSERT INTO figures (server, metric, grain_s, at_s, total, most, samples) VALUES ");
    let known = judged
        .iter()
        .filter_map(|(reading, _)| Some((reading.metric.as_str(), reading.value?)));
    let mut count = 0;
    for (name, value) in known {
        for (grain_s, _) in GRAINS {
            let at_s = (now_ns / SECOND_NS).div_euclid(grain_s) * grain_s;
            let values: [Value; 7] = [
                server.into(),
                name.into(),
                grain_s.into(),
                at_s.into(),
                value.into(),
                value.into(),
                1_i64.into(),
            ];
            sql.push(if count > 0 { ", (" } else { "(" })
                .bind_all(values)
                .push(")");
            count += 1;
        }
    }
    if count == 0 {
        return Ok(());
    }
    sql.push(
        " ON CONFLICT (server, metric, grain_s, at_s) DO UPDATE SET total = figures.total + excluded.total, \
         samples = figures.samples + 1, most = CASE WHEN excluded.most > figures.most THEN excluded.most ELSE figures.most END",
    );
    sql.run(connection).await?;
    Ok(())
}

/// Removes what is older than it is kept.
pub(super) async fn tidy(connection: &impl Connection, now_ns: i64) -> Result<()> {
    for (grain_s, kept_s) in GRAINS {
        let mut sql = Sql::new("DELETE FROM figures WHERE grain_s = ");
        sql.bind(grain_s).push(" AND at_s < ");
        sql.bind(now_ns / SECOND_NS - kept_s).run(connection).await?;
    }
    Ok(())
}

/// A point of a line: seconds since 1970, the mean, the most.
pub(crate) type Point = (i64, f64, f64);

/// What was measured of a server in a span, by metric, the earliest first.
pub(crate) async fn lines(
    connection: &impl Connection,
    server: i64,
    span: Span,
    now_ns: i64,
) -> Result<BTreeMap<String, Vec<Point>>> {
    let from_s = now_ns / SECOND_NS - span.seconds;
    let mut sql = Sql::new("SELECT metric, at_s, total, most, samples FROM figures WHERE server = ");
    sql.bind(server).push(" AND grain_s = ").bind(span.grain_s);
    sql.push(" AND at_s >= ")
        .bind(from_s)
        .push(" ORDER BY metric, at_s LIMIT 100000");
    let mut sums: BTreeMap<String, BTreeMap<i64, (f64, f64, i64)>> = BTreeMap::new();
    for row in sql.all(connection).await? {
        let at_s: i64 = row.get(1)?;
        let step = at_s.div_euclid(span.step_s) * span.step_s;
        let points = sums.entry(row.get(0)?).or_default();
        let point = points.entry(step).or_insert((0.0, f64::MIN, 0));
        point.0 += row.get::<f64>(2)?;
        point.1 = point.1.max(row.get(3)?);
        point.2 += row.get::<i64>(4)?;
    }
    let line = |points: BTreeMap<i64, (f64, f64, i64)>| {
        let point = |(at_s, (total, most, samples)): (i64, (f64, f64, i64))| {
            (at_s, total / samples.max(1) as f64, most)
        };
        points.into_iter().map(point).collect()
    };
    Ok(sums
        .into_iter()
        .map(|(name, points)| (name, line(points)))
        .collect())
}

/// The limits that an administrator set for a server, by metric.
pub(crate) async fn thresholds(
    connection: &impl Connection,
    server: i64,
) -> Result<BTreeMap<String, Limits>> {
    let mut sql =
        Sql::new("SELECT metric, warning, critical, margin, samples FROM thresholds WHERE server = ");
    let rows = sql.bind(server).all(connection).await?;
    rows.iter()
        .map(|row| {
            let limits = Limits {
                warning: row.get(1)?,
                critical: row.get(2)?,
                margin: row.get(3)?,
                samples: row.get(4)?,
            };
            Ok((row.get(0)?, limits))
        })
        .collect()
}

/// The limits in force for a metric by its name.
pub(crate) fn limits_of(set: &BTreeMap<String, Limits>, name: &str) -> Option<Limits> {
    set.get(name)
        .copied()
        .or_else(|| metric(name).map(|metric| metric.limits))
}

/// Sets limits for a server, or takes those back that were set.
pub(crate) async fn set_threshold(
    connection: &impl Connection,
    server: i64,
    name: &str,
    limits: Option<Limits>,
) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM thresholds WHERE server = ");
    sql.bind(server).push(" AND metric = ").bind(name);
    sql.run(connection).await?;
    let Some(limits) = limits else {
        return Ok(());
    };
    let mut sql =
        Sql::new("INSERT INTO thresholds (server, metric, warning, critical, margin, samples) VALUES (");
    let values: [Value; 6] = [
        server.into(),
        name.into(),
        limits.warning.into(),
        limits.critical.into(),
        limits.margin.into(),
        limits.samples.into(),
    ];
    sql.bind_all(values).push(")").run(connection).await?;
    Ok(())
}
