//! The rounds: every ten seconds a process says that it runs, measures and judges; every five it looks after the others. What is
//! of the whole site is done by the oldest process that runs.

use std::sync::Arc;
use std::time::Duration;

use database::Sql;
use journal::heads::Heads;
use journal::verify::{self, Walk};
use metrics::{Unit, describe_gauge, gauge};

use super::figures::{self, limits_of};
use super::limits::{Standing, judge, metric};
use super::machine::{Reading, Sampler};
use super::servers::{self, Node, Server};
use super::{Kind, alarms, on_call, probe, site};
use crate::clock::{DAY_NS, MINUTE_NS, SECOND_NS};
use crate::{Error, Platform, Result};

/// How often a process says that it runs.
const BEAT: Duration = Duration::from_secs(10);
/// How often it looks after the others.
const LOOK: Duration = Duration::from_secs(5);
/// How often old figures are removed.
const TIDIED_NS: i64 = 3600 * SECOND_NS;
/// How often the age of the last backup is looked at.
const BACKUP_LOOKED_NS: i64 = 10 * MINUTE_NS;
/// An outage of the database that was shorter is no alarm afterwards.
const OUTAGE_NS: i64 = 15 * SECOND_NS;
const ALARMS: &str = "uptake_alarms_open";

/// A process that watches.
#[derive(Debug)]
pub struct Watch {
    platform: Platform,
    node: Node,
    sampler: Arc<dyn Sampler>,
    heads: Option<(Heads, Vec<u8>)>,
    http: reqwest::Client,
    id: i64,
    site: i64,
    outage_ns: Option<i64>,
    walk: Walk,
    walked_ns: Option<i64>,
    tidied_ns: i64,
    /// When the age of the last backup was looked at.
    backup_ns: Option<i64>,
}

/// Says what the figures for Prometheus are; once, after the recorder is there.
pub fn describe() {
    describe_gauge!(ALARMS, Unit::Count, "Alarms that are not over, by severity.");
    for (name, words) in [
        ("uptake_cpu_ratio", "Share of the processors that is busy."),
        ("uptake_memory_ratio", "Share of the memory that is used."),
        (
            "uptake_load_ratio",
            "What runs or waits for a processor, for each processor.",
        ),
        (
            "uptake_disk_ratio",
            "Share of a disk that is used, by what it is for.",
        ),
    ] {
        describe_gauge!(name, Unit::Count, words);
    }
}

/// Watches until `stop` is ready. Of several processes the one that leads signs the journal's end, and looks at it.
pub async fn run(
    platform: Platform,
    node: Node,
    sampler: impl Sampler + 'static,
    heads: Option<(Heads, Vec<u8>)>,
    leads: tokio::sync::watch::Receiver<bool>,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut watch = loop {
        match Watch::begin(&platform, node.clone(), &heads).await {
            Ok(watch) => break watch.with_sampler(sampler),
            Err(error) => {
                tracing::error!(%error, "this process is not watched yet");
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(BEAT) => {}
                }
            }
        }
    };
    let (mut beats, mut looks) = (tokio::time::interval(BEAT), tokio::time::interval(LOOK));
    for ticks in [&mut beats, &mut looks] {
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    }
    loop {
        watch.heads = heads.clone().filter(|_| *leads.borrow());
        let (what, done) = tokio::select! {
            () = &mut stop => break,
            _ = beats.tick() => ("beat", watch.beat().await),
            _ = looks.tick() => ("look", watch.look().await),
        };
        if let Err(error) = done {
            tracing::warn!(%error, what, "a round of watching failed");
        }
    }
    if let Err(error) = watch.end().await {
        tracing::warn!(%error, "it was not noted that this process ends");
    }
}

/// Of readings of the same the last: a statement of PostgreSQL writes a row once.
fn one_each(readings: Vec<Reading>) -> Vec<Reading> {
    let mut all: Vec<Reading> = Vec::with_capacity(readings.len());
    for reading in readings {
        match all.iter_mut().find(|known| known.metric == reading.metric) {
            Some(known) => *known = reading,
            None => all.push(reading),
        }
    }
    all
}

/// Nothing is measured.
#[derive(Debug)]
struct Nothing;

impl Sampler for Nothing {
    fn sample(&self) -> pacs::events::Boxed<'_, Vec<Reading>> {
        Box::pin(async { Vec::new() })
    }
}

impl Watch {
    /// Puts this process into the list.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn begin(platform: &Platform, node: Node, heads: &Option<(Heads, Vec<u8>)>) -> Result<Self> {
        let http = probe::client().map_err(Error::internal)?;
        let now_ns = platform.clock().now_ns();
        let change = platform.writer().begin().await?;
        let id = servers::register(&*change, "node", &node, now_ns).await?;
        let whole = Node {
            name: "Uptake".to_owned(),
            ..Node::default()
        };
        let site = servers::register(&*change, "site", &whole, now_ns).await?;
        change.commit().await?;
        Ok(Self {
            platform: platform.clone(),
            node,
            sampler: Arc::new(Nothing),
            heads: heads.clone(),
            http,
            id,
            site,
            outage_ns: None,
            walk: Walk::default(),
            walked_ns: None,
            tidied_ns: now_ns,
            backup_ns: None,
        })
    }

    /// Measures with this.
    #[must_use]
    pub fn with_sampler(self, sampler: impl Sampler + 'static) -> Self {
        Self {
            sampler: Arc::new(sampler),
            ..self
        }
    }

    /// The number of this process in the list.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Says that this process runs, measures, judges.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn beat(&mut self) -> Result<()> {
        let now_ns = self.platform.clock().now_ns();
        let mut own = self.sampler.sample().await;
        let latency = self.sampler.database(self.platform.readers()).await;
        if latency.is_none() {
            return self.without_database(&own, now_ns);
        }
        own.push(Reading::new("database", latency));
        let skew = self.sampler.clock_s(self.platform.readers()).await;
        own.extend(skew.map(|seconds| Reading::new("clock", Some(seconds))));
        let sound = self.journal(&mut own, now_ns).await?;
        let leads = self.leads(now_ns).await?;
        let whole = match leads {
            true => site::readings(self.platform.readers(), now_ns).await?,
            false => Vec::new(),
        };
        let broken = match leads {
            true => self.walk(now_ns).await?,
            false => None,
        };
        let change = self.platform.writer().begin().await?;
        servers::beat(&*change, self.id, now_ns).await?;
        self.settle(&change, self.id, own).await?;
        if leads {
            servers::beat(&*change, self.site, now_ns).await?;
            self.settle(&change, self.site, whole).await?;
        }
        self.end_outage(&change, now_ns).await?;
        let subject = format!("server:{}", self.site);
        match (sound, broken) {
            (false, _) | (_, Some(false)) => {
                let detail = self.walk.broken().map_or(String::new(), |id| id.to_string());
                alarms::raise(&self.platform, &change, Kind::JournalBroken, &subject, &detail).await?;
            }
            // Only a walk through all of it says that it is whole again.
            (true, Some(true)) => {
                alarms::clear(&self.platform, &change, Kind::JournalBroken, &subject).await?;
            }
            (true, None) => {}
        }
        change.commit().await?;
        self.show().await
    }

    /// What is measured while there is nowhere to write it: the log and the figures for Prometheus say so.
    fn without_database(&mut self, own: &[Reading], now_ns: i64) -> Result<()> {
        if self.outage_ns.is_none() {
            tracing::error!("the database does not answer");
        }
        self.outage_ns.get_or_insert(now_ns);
        own.iter().for_each(publish);
        gauge!(ALARMS, "severity" => "critical").set(1.0);
        Ok(())
    }

    /// Tells afterwards that the database did not answer.
    async fn end_outage(&mut self, change: &database::Change, now_ns: i64) -> Result<()> {
        let subject = format!("server:{}", self.id);
        let kind = Kind::DatabaseUnreachable;
        match self.outage_ns.take() {
            Some(since_ns) if now_ns - since_ns >= OUTAGE_NS => {
                let detail = format!("{} s", (now_ns - since_ns) / SECOND_NS);
                alarms::raise(&self.platform, change, kind, &subject, &detail).await
            }
            _ => {
                alarms::clear(&self.platform, change, kind, &subject).await?;
                Ok(())
            }
        }
    }

    /// How long ago the end of the journal was signed; gives whether the journal still has that end.
    async fn journal(&self, own: &mut Vec<Reading>, now_ns: i64) -> Result<bool> {
        let Some((heads, key)) = &self.heads else {
            return Ok(true);
        };
        let readers = self.platform.readers();
        let is_empty = Sql::new("SELECT id FROM journal LIMIT 1")
            .one(readers)
            .await?
            .is_none();
        let last = heads.last(key);
        let age = |head: journal::heads::Head| now_ns.saturating_sub(head.at_ns) as f64 / SECOND_NS as f64;
        match last {
            Ok(None) if is_empty => Ok(true),
            Ok(Some(head)) => {
                let agrees = verify::agrees(readers, &head).await?;
                own.push(Reading::new("sealed", Some(age(head))));
                Ok(agrees)
            }
            Ok(None) | Err(_) => {
                own.push(Reading::new("sealed", None));
                Ok(true)
            }
        }
    }

    /// Reads on in the journal; at its end gives whether all of it is what was written. Once a day it begins anew.
    async fn walk(&mut self, now_ns: i64) -> Result<Option<bool>> {
        if self
            .walked_ns
            .is_some_and(|walked_ns| now_ns - walked_ns >= DAY_NS)
        {
            (self.walk, self.walked_ns) = (Walk::default(), None);
        }
        let is_at_end = self.walk.step(self.platform.readers()).await?;
        let is_whole = is_at_end && self.walked_ns.is_none();
        if is_whole {
            self.walked_ns = Some(now_ns);
        }
        let is_broken = self.walk.broken().is_some();
        Ok((is_broken || is_whole).then_some(!is_broken))
    }

    /// Judges readings of a server; raises and clears what follows.
    async fn settle(&self, change: &database::Change, server: i64, readings: Vec<Reading>) -> Result<()> {
        let now_ns = self.platform.clock().now_ns();
        let before = figures::current(&**change).await?;
        let set = figures::thresholds(&**change, server).await?;
        let open = alarms::open(&**change).await?;
        let mut judged = Vec::with_capacity(readings.len());
        for reading in one_each(readings) {
            publish(&reading);
            let (Some(of), Some(limits)) = (metric(&reading.metric), limits_of(&set, &reading.metric)) else {
                continue;
            };
            let was = before
                .iter()
                .find(|one| one.server == server && one.metric == reading.metric);
            let was = was.map_or(Standing::default(), |one| one.standing);
            let is = judge(&limits, of.is_low_bad, was, reading.value);
            let subject = format!("server:{server}/{}", reading.metric);
            let kind = if reading.value.is_some() {
                of.beyond
            } else {
                of.absent
            };
            let raised = match is.level.severity() {
                // A sample that leads back says nothing of what stands.
                Some(severity) if is.streak == 0 => {
                    let detail = reading.value.map_or(String::new(), |value| match of.unit {
                        "" => format!("{value:.0}"),
                        unit => format!("{value:.1} {unit}"),
                    });
                    let detail = detail.trim();
                    alarms::raise_as(&self.platform, change, kind, severity, &subject, detail).await?;
                    Some(kind)
                }
                Some(_) => Some(kind),
                None => None,
            };
            for other in [of.beyond, of.absent] {
                let stands = open.iter().any(|one| one.kind == other && one.subject == subject);
                if stands && raised != Some(other) && !(other == Kind::DatabaseUnreachable) {
                    alarms::clear(&self.platform, change, other, &subject).await?;
                }
            }
            judged.push((reading, is));
        }
        figures::write(&**change, server, &judged, now_ns).await
    }

    /// Whether this is the oldest process that runs: it does what is done once for all.
    async fn leads(&self, now_ns: i64) -> Result<bool> {
        let all = servers::list(self.platform.readers()).await?;
        let first = all
            .iter()
            .filter(|one| one.kind == "node" && (one.is_alive(now_ns) || one.id == self.id))
            .map(|one| one.id)
            .min();
        Ok(first == Some(self.id))
    }

    /// Looks after the others: who is missing, who does not answer, who has to be told.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn look(&mut self) -> Result<()> {
        let now_ns = self.platform.clock().now_ns();
        let all = servers::list(self.platform.readers()).await?;
        let leads = self.leads(now_ns).await?;
        let mut answered = Vec::new();
        if leads {
            let due = all.iter().filter(|one| one.kind == "probe");
            let asked = due.map(async |one| (one.clone(), probe::ask(&self.http, &one.address).await));
            answered = futures_util::future::join_all(asked).await;
        }
        let change = self.platform.writer().begin().await?;
        for one in all.iter().filter(|one| one.kind == "node" && one.id != self.id) {
            self.find_missing(&change, one, now_ns).await?;
        }
        for (one, value) in answered {
            if value.is_some() {
                servers::beat(&*change, one.id, now_ns).await?;
            }
            self.settle(&change, one.id, vec![Reading::new("answer", value)])
                .await?;
        }
        let own = format!("server:{}", self.id);
        alarms::clear(&self.platform, &change, Kind::ServerMissing, &own).await?;
        if leads {
            alarms::end_calm(&change, now_ns).await?;
            on_call::round(&self.platform, &change).await?;
            if now_ns - self.tidied_ns >= TIDIED_NS {
                figures::tidy(&*change, now_ns).await?;
                self.tidied_ns = now_ns;
            }
            if self
                .backup_ns
                .is_none_or(|at_ns| now_ns - at_ns >= BACKUP_LOOKED_NS)
            {
                site::backup(&self.platform, &change, now_ns).await?;
                self.backup_ns = Some(now_ns);
            }
        }
        Ok(change.commit().await?)
    }

    async fn find_missing(&self, change: &database::Change, one: &Server, now_ns: i64) -> Result<()> {
        let (platform, kind, subject) = (&self.platform, Kind::ServerMissing, one.subject());
        if one.is_alive(now_ns) || one.ended_ns.is_some() {
            alarms::clear(platform, change, kind, &subject).await?;
            return Ok(());
        }
        let silent_s = (now_ns - one.heartbeat_ns) / SECOND_NS;
        alarms::raise(platform, change, kind, &subject, &format!("{silent_s} s")).await
    }

    /// How many alarms there are, for Prometheus.
    async fn show(&self) -> Result<()> {
        let open = alarms::open(self.platform.readers()).await?;
        for severity in [super::Severity::Warning, super::Severity::Critical] {
            let count = open.iter().filter(|alarm| alarm.severity == severity).count();
            gauge!(ALARMS, "severity" => severity.word()).set(count as f64);
        }
        Ok(())
    }

    /// Notes that this process was told to end: it is not missing.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn end(self) -> Result<()> {
        let change = self.platform.writer().begin().await?;
        servers::end(&*change, self.id, self.platform.clock().now_ns()).await?;
        tracing::debug!(node = self.node.name, "this process is not watched any more");
        Ok(change.commit().await?)
    }
}

/// A reading for Prometheus, in its base units.
fn publish(reading: &Reading) {
    let (Some(of), Some(value)) = (metric(&reading.metric), reading.value) else {
        return;
    };
    let part = reading.metric.split_once(':').map_or("", |(_, part)| part);
    let (unit, factor) = match of.unit {
        "%" => ("_ratio", 0.01),
        "ms" => ("_seconds", 0.001),
        "min" => ("_seconds", 60.0),
        "s" => ("_seconds", 1.0),
        "d" => ("_seconds", 86_400.0),
        _ if of.word == "load" => ("_ratio", 1.0),
        _ => ("_count", 1.0),
    };
    let name = format!("uptake_{}{unit}", of.word.replace('-', "_"));
    gauge!(name, "of" => part.to_owned()).set(value * factor);
}
