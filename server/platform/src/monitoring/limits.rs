//! From which value on something is wrong, and when it is over: pure rules.

use super::{Kind, Severity};

/// How a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Level {
    /// As it should be.
    #[default]
    Normal,
    /// Beyond the first limit.
    Warning,
    /// Beyond the second, or there is no value.
    Critical,
}

impl Level {
    /// The word of the table.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads [`Level::word`].
    pub(crate) fn from_word(word: &str) -> Self {
        [Self::Warning, Self::Critical]
            .into_iter()
            .find(|level| level.word() == word)
            .unwrap_or_default()
    }

    /// How bad an alarm of it is.
    pub(crate) fn severity(self) -> Option<Severity> {
        match self {
            Self::Normal => None,
            Self::Warning => Some(Severity::Warning),
            Self::Critical => Some(Severity::Critical),
        }
    }
}

/// The limits of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    /// From here on somebody should look.
    pub(crate) warning: f64,
    /// From here on it is bad.
    pub(crate) critical: f64,
    /// How far on the good side of a limit it is over.
    pub(crate) margin: f64,
    /// Samples one after another before it counts.
    pub(crate) samples: i64,
}

/// What is measured: the part of a metric's name before a colon; behind it stands of what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric {
    /// Its word; its name is `alarm-metric-` and it.
    pub(crate) word: &'static str,
    /// What it is measured in.
    pub(crate) unit: &'static str,
    /// The limits that Uptake comes with.
    pub(crate) limits: Limits,
    /// Whether less is worse.
    pub(crate) is_low_bad: bool,
    /// What is wrong beyond a limit.
    pub(crate) beyond: Kind,
    /// What is wrong where there is no value.
    pub(crate) absent: Kind,
    /// The largest value that there can be.
    pub(crate) most: Option<f64>,
}

macro_rules! metrics {
    ($($word:literal $unit:literal [$warning:literal $critical:literal $margin:literal $samples:literal] $low:literal $beyond:ident $absent:ident $most:expr;)*) => {
        /// All, in the order that people read them in.
        pub(crate) const METRICS: &[Metric] = &[$(Metric {
            word: $word,
            unit: $unit,
            limits: Limits { warning: $warning, critical: $critical, margin: $margin, samples: $samples },
            is_low_bad: $low,
            beyond: Kind::$beyond,
            absent: Kind::$absent,
            most: $most,
        }),*];
    };
}

// Samples are ten seconds apart: a full disk is told of within half a minute, busy processors after five minutes.
metrics! {
    "cpu" "%" [85.0 97.0 5.0 30] false CpuHigh CpuHigh Some(100.0);
    "memory" "%" [85.0 95.0 3.0 3] false MemoryHigh MemoryHigh Some(100.0);
    "load" "" [2.0 5.0 0.3 30] false LoadHigh LoadHigh None;
    "disk" "%" [80.0 90.0 2.0 2] false DiskLow DiskUnreachable Some(100.0);
    "database" "ms" [500.0 3000.0 200.0 3] false DatabaseSlow DatabaseUnreachable None;
    "storage" "ms" [1000.0 5000.0 500.0 2] false StorageSlow StorageUnreachable None;
    "dicom" "ms" [30000.0 60000.0 500.0 2] false DicomDown DicomDown None;
    "answer" "ms" [2000.0 5000.0 500.0 2] false ProbeSlow ProbeFailed None;
    "certificate" "d" [30.0 7.0 0.5 1] true CertificateExpiring CertificateExpiring None;
    "clock" "s" [2.0 30.0 1.0 2] false ClockSkew ClockSkew None;
    "sealed" "s" [180.0 600.0 60.0 2] false JournalUnsealed JournalUnsealed None;
    "jobs-failed" "" [1.0 100.0 0.0 1] false JobDead JobDead None;
    "delivery-held" "" [1.0 1000.0 0.0 1] false DeliveryFailing DeliveryFailing None;
    "delivery-waits" "min" [60.0 360.0 5.0 2] false DeliveryBehind DeliveryBehind None;
    "queue" "" [50000.0 500000.0 1000.0 6] false DeliveryBehind DeliveryBehind None;
    "damaged" "" [1.0 1.0 0.0 1] false IntegrityFailed IntegrityFailed None;
    "sign-ins-failed" "" [30.0 150.0 10.0 1] false SignInsFailing SignInsFailing None;
}

/// The metric of a name as `disk:data`.
pub(crate) fn metric(name: &str) -> Option<&'static Metric> {
    let word = name.split_once(':').map_or(name, |(word, _)| word);
    METRICS.iter().find(|metric| metric.word == word)
}

/// How far a judgement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// How it is.
    pub(crate) level: Level,
    /// Where the last samples lead to.
    pub(crate) towards: Level,
    /// How many samples.
    pub(crate) streak: i64,
}

/// Judges one more sample. It gets worse only after some samples one after another, and better as soon as it is by the margin
/// on the good side; a value that swings around a limit changes nothing.
pub(crate) fn judge(limits: &Limits, is_low_bad: bool, before: Standing, value: Option<f64>) -> Standing {
    let target = match value {
        None => Level::Critical,
        Some(value) => target(limits, is_low_bad, before.level, value),
    };
    if target == before.level {
        return Standing {
            level: target,
            towards: target,
            streak: 0,
        };
    }
    // What rises past what the last samples led to goes on from them: they led beyond the present level too.
    let is_on_the_way = before.streak > 0 && before.towards > before.level && target > before.level;
    let streak = if is_on_the_way { before.streak + 1 } else { 1 };
    if target < before.level || streak >= limits.samples {
        return Standing {
            level: target,
            towards: target,
            streak: 0,
        };
    }
    Standing {
        level: before.level,
        towards: target,
        streak,
    }
}

fn target(limits: &Limits, is_low_bad: bool, now: Level, value: f64) -> Level {
    // Turned over, less is worse becomes more is worse.
    let sign = if is_low_bad { -1.0 } else { 1.0 };
    let limit = |level: Level, limit: f64| {
        if now >= level {
            sign * limit - limits.margin
        } else {
            sign * limit
        }
    };
    let value = sign * value;
    let reaches = |level: Level, of: f64| {
        let edge = limit(level, of);
        // Back on the limit's good side by the margin; a margin of none needs less than the limit.
        value >= edge
    };
    if reaches(Level::Critical, limits.critical) {
        Level::Critical
    } else if reaches(Level::Warning, limits.warning) {
        Level::Warning
    } else {
        Level::Normal
    }
}
