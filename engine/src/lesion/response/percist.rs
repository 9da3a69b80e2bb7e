//! PERCIST 1.0.

use super::compare::{at_least, below, not_negative, positive};
use super::measures::{Conditions, Exam, Lesion, ReferenceRegion};
use super::reason::{Needed, Reason, Region, Relation};
use super::rule::{Quantity, Rule};
use super::warning::{Warning, comparability};
use super::{Assessed, Metabolic};

/// Lesions whose glycolysis is added up: the hottest five.
const HOTTEST: usize = 5;

/// What PERCIST looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PercistInput<'a> {
    /// The exam before treatment.
    pub baseline: Exam<'a>,
    /// The exam now.
    pub follow_up: Exam<'a>,
    /// Smallest SULpeak of the hottest lesion in exams between, where progression is to be counted from the best
    /// response. Wahl 2009 counts from the baseline, which `None` does; counting from the best is how PERCIST is
    /// taught since O 2016 (a course was at hand, not the paper's sentence).
    pub best_sul_peak: Option<f64>,
    /// Whether a reader saw unequivocal progression.
    pub unequivocal_progression: bool,
}

/// Gives the metabolic response by PERCIST 1.0, on SULpeak of the hottest lesion of either exam.
///
/// The hottest lesion may be another one at follow-up. In this order: new lesions, or a reader's word, are
/// progression. The hottest lesion of the baseline must reach 1.5 times the liver's mean + 2 SD (without liver 2
/// times the blood pool's mean + 2 SD), or PERCIST does not apply. Progression is a rise of > 30 % and > 0.8 SUL, or
/// of total lesion glycolysis of the five hottest by > 75 %. Complete is every lesion below the liver's mean and,
/// where it was measured, not above the blood pool's. Partial is a fall of ≥ 30 % and ≥ 0.8 SUL without a rise of
/// SULpeak or size > 30 % in any lesion; with one the disease counts as stable, and a warning asks for the reader.
/// Whether the two exams compare (liver, uptake time, activity, scanner) is said in warnings.
///
/// Not evaluable: no lesion, no SULpeak of some lesion, or no reference region at baseline; no liver at follow-up
/// unless the disease progresses or nothing is left.
///
/// Wahl RL et al., J Nucl Med 2009;50 Suppl 1:122S, table 7; O JH et al., Radiology 2016;280:576. Both were at hand
/// only as printed by others (`testdata/reference/response_metabolic.csv`).
#[must_use]
pub fn percist(input: &PercistInput) -> Assessed<Metabolic> {
    let warnings = comparability(input.baseline.conditions, input.follow_up.conditions);
    let assessed = certain_progression(input).unwrap_or_else(|| match Peaks::of(input) {
        Ok(peaks) => by_peaks(input, &peaks),
        Err(reason) => Assessed::new(Metabolic::NotEvaluable, [reason]),
    });
    assessed.warned(warnings)
}

fn certain_progression(input: &PercistInput) -> Option<Assessed<Metabolic>> {
    let new_lesions = input.follow_up.new_lesions();
    let new = (new_lesions > 0).then_some(Reason::NewLesions(new_lesions));
    let seen = input
        .unequivocal_progression
        .then_some(Reason::UnequivocalProgression);
    let reasons: Vec<Reason> = new.into_iter().chain(seen).collect();
    (!reasons.is_empty()).then(|| Assessed::new(Metabolic::Progressive, reasons))
}

/// The hottest lesions, known to be measurable.
struct Peaks<'a> {
    before: Hottest<'a>,
    /// `None` where nothing is left.
    now: Option<Hottest<'a>>,
    /// From which SULpeak progression counts.
    best: f64,
    warnings: Vec<Warning>,
}

#[derive(Clone, Copy)]
struct Hottest<'a> {
    lesion: &'a Lesion,
    sul_peak: f64,
}

impl<'a> Peaks<'a> {
    fn of(input: &PercistInput<'a>) -> Result<Self, Reason> {
        let before = hottest(input.baseline.lesions, |peak| {
            positive(peak, Needed::BaselinePeaks)
        })?
        .ok_or(Reason::NothingAtBaseline)?;
        let (threshold, region) = threshold(input.baseline.conditions)?;
        if !at_least(before.sul_peak, threshold) {
            return Err(Reason::NotMeasurable {
                sul_peak: before.sul_peak,
                threshold,
                region,
            });
        }
        let now = hottest(input.follow_up.lesions, |peak| {
            not_negative(peak, Needed::FollowUpPeaks)
        })?;
        let best = match input.best_sul_peak {
            None => before.sul_peak,
            best => positive(best, Needed::FollowUpPeaks)?.min(before.sul_peak),
        };
        let warnings = (region == Region::BloodPool).then_some(Warning::BloodPoolForLiver);
        Ok(Self {
            before,
            now,
            best,
            warnings: warnings.into_iter().collect(),
        })
    }
}

/// The lesion with the largest SULpeak, the first of equals; every lesion must have one.
fn hottest(
    lesions: &[Lesion],
    check: impl Fn(Option<f64>) -> Result<f64, Reason>,
) -> Result<Option<Hottest<'_>>, Reason> {
    let mut hottest: Option<Hottest> = None;
    for lesion in lesions {
        let sul_peak = check(lesion.sul_peak)?;
        if hottest.is_none_or(|hottest| sul_peak > hottest.sul_peak) {
            hottest = Some(Hottest { lesion, sul_peak });
        }
    }
    Ok(hottest)
}

/// The least SULpeak that can be followed, and of which region it is made.
fn threshold(conditions: &Conditions) -> Result<(f64, Region), Reason> {
    let usable = |region: Option<ReferenceRegion>| {
        let region = region?;
        let mean = positive(Some(region.mean), Needed::BaselineReference)
            .and(not_negative(Some(region.sd), Needed::BaselineReference));
        Some(mean.map(|_| region))
    };
    match (usable(conditions.liver_sul), usable(conditions.blood_pool_sul)) {
        (Some(liver), _) => liver.map(|liver| (1.5 * liver.mean + 2.0 * liver.sd, Region::Liver)),
        (None, Some(blood)) => blood.map(|blood| (2.0 * blood.mean + 2.0 * blood.sd, Region::BloodPool)),
        (None, None) => Err(Reason::Missing(Needed::BaselineReference)),
    }
}

fn by_peaks(input: &PercistInput, peaks: &Peaks) -> Assessed<Metabolic> {
    let warnings = peaks.warnings.iter().copied();
    let Some(now) = peaks.now else {
        return Assessed::new(Metabolic::Complete, [Reason::NothingLeft]).warned(warnings);
    };
    let mut reasons = Vec::new();
    if now.lesion.track != peaks.before.lesion.track {
        reasons.push(Reason::OtherHottest {
            baseline: peaks.before.lesion.track,
            follow_up: now.lesion.track,
        });
    }
    let unknown = glycolysis(input).is_none().then_some(Warning::GlycolysisUnknown);
    let assessed = match progression(input, peaks, now) {
        Some(progression) => progression,
        None => response(input, peaks, now).warned(unknown),
    };
    reasons.extend(assessed.reasons.iter().copied());
    Assessed { reasons, ..assessed }.warned(warnings)
}

/// Progression by number, if it is.
fn progression(input: &PercistInput, peaks: &Peaks, now: Hottest) -> Option<Assessed<Metabolic>> {
    let rise = rise(peaks, now);
    if matches!(rise, Reason::Change { met: true, .. }) {
        let since = (peaks.best < peaks.before.sul_peak).then_some(Reason::SinceBest {
            what: Quantity::HottestPeak,
            best: peaks.best,
        });
        let reasons = since.into_iter().chain([rise]);
        return Some(Assessed::new(Metabolic::Progressive, reasons));
    }
    let (before, after) = glycolysis(input)?;
    let rule = Rule::PercistGlycolysis;
    let reason = change(Quantity::Glycolysis, before, after, rule);
    let against = (now.sul_peak < peaks.before.sul_peak).then_some(Warning::GlycolysisAgainstPeak);
    let progressive = || Assessed::new(Metabolic::Progressive, [reason]).warned(against);
    rule.is_met(before, after).then(progressive)
}

/// The change of the hottest lesion since its best, against the threshold for progression.
fn rise(peaks: &Peaks, now: Hottest) -> Reason {
    let rule = Rule::PercistProgression;
    change(Quantity::HottestPeak, peaks.best, now.sul_peak, rule)
}

/// Total lesion glycolysis of the hottest lesions of either exam, where all of them have it.
fn glycolysis(input: &PercistInput) -> Option<(f64, f64)> {
    let of = |lesions: &[Lesion]| {
        let mut lesions: Vec<&Lesion> = lesions.iter().collect();
        let peak = |lesion: &Lesion| lesion.sul_peak.unwrap_or(0.0);
        lesions.sort_by(|a, b| peak(b).total_cmp(&peak(a)));
        let values = lesions.into_iter().take(HOTTEST);
        let values = values.map(|lesion| not_negative(lesion.tlg, Needed::BaselinePeaks).ok());
        values.sum::<Option<f64>>()
    };
    let (before, after) = (of(input.baseline.lesions)?, of(input.follow_up.lesions)?);
    (before > 0.0).then_some((before, after))
}

fn response(input: &PercistInput, peaks: &Peaks, now: Hottest) -> Assessed<Metabolic> {
    let liver = input.follow_up.conditions.liver_sul.map(|liver| liver.mean);
    let liver = match positive(liver, Needed::FollowUpLiver) {
        Ok(liver) => liver,
        Err(reason) => return Assessed::new(Metabolic::NotEvaluable, [reason]),
    };
    if let Some(complete) = complete(input, now, liver) {
        return complete;
    }
    let (from, to) = (peaks.before.sul_peak, now.sul_peak);
    let fall = change(Quantity::HottestPeak, from, to, Rule::PercistResponse);
    if !Rule::PercistResponse.is_met(from, to) {
        let rose = to > peaks.best;
        let reason = if rose { rise(peaks, now) } else { fall };
        return Assessed::new(Metabolic::Stable, [reason, Reason::NoThreshold]);
    }
    match other_rise(input) {
        Some((track, rise)) => {
            Assessed::new(Metabolic::Stable, [fall, rise]).warned([Warning::OtherLesionRose(track)])
        }
        None => Assessed::new(Metabolic::Partial, [fall]),
    }
}

fn complete(input: &PercistInput, now: Hottest, liver: f64) -> Option<Assessed<Metabolic>> {
    if !below(now.sul_peak, liver) {
        return None;
    }
    let uptake = |relation, region, reference| Reason::Uptake {
        value: now.sul_peak,
        relation,
        region,
        reference,
    };
    let reason = uptake(Relation::Below, Region::Liver, liver);
    match input.follow_up.conditions.blood_pool_sul {
        None => Some(Assessed::new(Metabolic::Complete, [reason]).warned([Warning::BloodPoolUnknown])),
        Some(blood) if at_least(blood.mean, now.sul_peak) => {
            let not_above = uptake(Relation::NotAbove, Region::BloodPool, blood.mean);
            Some(Assessed::new(Metabolic::Complete, [reason, not_above]))
        }
        Some(_) => None,
    }
}

type Measure = fn(&Lesion) -> Option<f64>;

/// A lesion in both exams whose SULpeak or longest diameter rose more than a partial response allows.
fn other_rise(input: &PercistInput) -> Option<(u32, Reason)> {
    let tracks = input.baseline.lesions.iter().map(|lesion| lesion.track);
    let mut rises = tracks.flat_map(|track| {
        let peak: (Quantity, Measure) = (Quantity::TrackPeak(track), |lesion| lesion.sul_peak);
        let size: (Quantity, Measure) = (Quantity::TrackDiameter(track), |lesion| lesion.long_axis_mm);
        let changes = [peak, size].map(|(what, of)| {
            let (from, to) = (
                largest(input.baseline, track, of)?,
                largest(input.follow_up, track, of)?,
            );
            Some(change(what, from, to, Rule::PercistOtherLesion))
        });
        changes.into_iter().flatten().map(move |change| (track, change))
    });
    rises.find(|(_, change)| matches!(change, Reason::Change { met: true, .. }))
}

/// The largest of a measure in the lesions of a track that have it.
fn largest(exam: Exam, track: u32, of: Measure) -> Option<f64> {
    let of_track = exam.lesions.iter().filter(|lesion| lesion.track == track);
    let usable = |value: &f64| value.is_finite() && *value > 0.0;
    of_track.filter_map(of).filter(usable).reduce(f64::max)
}

fn change(what: Quantity, from: f64, to: f64, rule: Rule) -> Reason {
    let met = rule.is_met(from, to);
    Reason::Change {
        what,
        from,
        to,
        rule,
        met,
    }
}

#[cfg(test)]
mod tests;
