//! When the tracer was given, and whether the time since then is believable.

use crate::suv::attributes::ACQUISITION;
use crate::suv::audit::Notes;
use crate::suv::corrections::term;
use crate::suv::decay;
use crate::suv::time::DAY_S;
use crate::suv::{Attributes, DateTime, Refusal};

const INJECTION: &str = "injection time";
/// More half-lives than this and hardly anything is left to be counted: the times are wrong.
const MOST_HALF_LIVES: f64 = 13.0;
/// More half-lives than this is unusual.
const USUAL_HALF_LIVES: f64 = 3.0;
/// Times may disagree as long as SUV changes by no more than this.
pub(super) const TOLERATED_EFFECT: f64 = 0.01;

/// The injection's moment, and how its date was known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Injection {
    pub at: DateTime,
    date: Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Date {
    Written,
    /// That of the first acquisition.
    OfScan,
    /// The day before, since the time of day is after the scan's.
    DayBefore,
}

/// Finds when the tracer was given; a time without a date is put on the day of the first acquisition, or on
/// the day before where that would be after the acquisition (PS3.3 C.8.9.2).
pub(super) fn injection(
    attributes: &Attributes,
    half_life_s: Option<f64>,
    notes: &mut Notes,
) -> Result<Injection, Refusal> {
    if let Some(at) = attributes.radiopharmaceutical_start_date_time {
        return Ok(Injection {
            at,
            date: Date::Written,
        });
    }
    let from_time_of_day = time_of_day(attributes);
    let private = attributes.ge_administration_date_time;
    let found = match (private, from_time_of_day) {
        // De-identification may shift the standard's dates and leave the private ones.
        (Some(at), Ok(dated)) if !is_plausible(attributes, at, half_life_s) => {
            notes.warn(
                "ge-administration-implausible",
                "GE's private administration time does not fit the scan and was not used.",
            );
            dated
        }
        (Some(at), _) => Injection {
            at,
            date: Date::Written,
        },
        (None, from_time_of_day) => from_time_of_day?,
    };
    if found.date == Date::DayBefore {
        notes.repair(
            "injection-day-before",
            "The injection's time of day is after the scan's: it was taken as of the day before.",
        );
    }
    Ok(found)
}

fn time_of_day(attributes: &Attributes) -> Result<Injection, Refusal> {
    let second = attributes
        .radiopharmaceutical_start_time_s
        .ok_or(Refusal::Missing(INJECTION))?;
    let scan = attributes
        .earliest_acquisition()
        .ok_or(Refusal::Missing(ACQUISITION))?;
    let same_day = scan.at_second_of_day(second).ok_or(Refusal::Missing(INJECTION))?;
    let after_start = same_day.seconds_since(scan) > 0.0;
    // A dynamic scan may begin before the injection, which then is not of the day before.
    if !after_start || is_during_dynamic_scan(attributes, same_day) {
        return Ok(Injection {
            at: same_day,
            date: Date::OfScan,
        });
    }
    Ok(Injection {
        at: same_day.plus_seconds(-DAY_S),
        date: Date::DayBefore,
    })
}

fn is_plausible(attributes: &Attributes, at: DateTime, half_life_s: Option<f64>) -> bool {
    let Some(scan) = attributes.earliest_acquisition() else {
        return true;
    };
    let most_s = half_life_s.map_or(f64::INFINITY, |half_life| MOST_HALF_LIVES * half_life);
    (0.0..=most_s).contains(&scan.seconds_since(at))
}

/// A dynamic scan may begin before the injection; it does not end before it.
fn is_during_dynamic_scan(attributes: &Attributes, at: DateTime) -> bool {
    let dynamic = term(attributes.series_type.as_deref()).as_deref() == Some("DYNAMIC");
    dynamic
        && attributes
            .latest_end()
            .is_some_and(|end| end.seconds_since(at) >= 0.0)
}

/// Judges the time from the injection to the values' moment.
pub(super) fn judge_uptake(
    attributes: &Attributes,
    injection: Injection,
    uptake_s: f64,
    half_life_s: Option<f64>,
    notes: &mut Notes,
) -> Result<(), Refusal> {
    if uptake_s < 0.0 {
        if !is_during_dynamic_scan(attributes, injection.at) {
            return Err(Refusal::UptakeNegative { uptake_s });
        }
        notes.warn(
            "injection-after-scan-start",
            "The tracer was given after the dynamic scan had begun.",
        );
    }
    let Some(half_life_s) = half_life_s else {
        return Ok(());
    };
    let half_lives = uptake_s / half_life_s;
    // Nobody wrote this date: a clock that is wrong by minutes must not become a day.
    if injection.date == Date::DayBefore && half_lives > USUAL_HALF_LIVES {
        return Err(Refusal::InjectionDayUnknown { uptake_s });
    }
    if half_lives > MOST_HALF_LIVES {
        return Err(Refusal::UptakeTooLong { uptake_s, half_lives });
    }
    if half_lives > USUAL_HALF_LIVES {
        notes.warn(
            "uptake-long",
            format!("Uptake time: expected at most 3 half-lives, found {half_lives:.1}."),
        );
    }
    let a_day_more = (uptake_s + DAY_S) / half_life_s;
    if injection.date != Date::Written && a_day_more <= MOST_HALF_LIVES {
        notes.warn(
            "injection-date-assumed",
            "The injection has a time but no date: it was taken as within a day of the scan.",
        );
    }
    Ok(())
}

/// Warns where other attributes give the injection another time of day.
pub(super) fn compare(attributes: &Attributes, injection: Injection, constant_per_s: f64, notes: &mut Notes) {
    let time_of_day = attributes
        .radiopharmaceutical_start_time_s
        .and_then(|second| injection.at.at_second_of_day(second));
    for other in [time_of_day, attributes.ge_administration_date_time]
        .into_iter()
        .flatten()
    {
        let apart_s = apart_in_day_s(other, injection.at);
        if decay::effect(constant_per_s, apart_s) > TOLERATED_EFFECT {
            notes.warn(
                "injection-times-disagree",
                format!("Injection times of the images disagree by {apart_s:.0} s."),
            );
        }
    }
}

/// Seconds between two moments, whole days left out: de-identification shifts days, not times.
pub(super) fn apart_in_day_s(one: DateTime, other: DateTime) -> f64 {
    let apart_s = one.seconds_since(other).rem_euclid(DAY_S);
    apart_s.min(DAY_S - apart_s)
}
