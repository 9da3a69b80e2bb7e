use crate::lesion::response::{
    Conditions, Exam, Lesion, Metabolic, Needed, PercistInput, Reason, ReferenceRegion, Warning, percist,
};

fn lesion(track: u32, sul_peak: f64) -> Lesion {
    Lesion {
        track,
        sul_peak: Some(sul_peak),
        ..Lesion::default()
    }
}

fn region(mean: f64) -> Option<ReferenceRegion> {
    Some(ReferenceRegion {
        mean,
        sd: 0.2,
        max: 2.0 * mean,
    })
}

/// Conditions without fault: liver, blood pool, uptake time, activity, scanner and reconstruction.
fn faultless() -> Conditions {
    Conditions {
        liver_sul: region(1.6),
        blood_pool_sul: region(1.1),
        uptake_s: Some(3600.0),
        injected_activity_bq: Some(300e6),
        scanner: Some("A".to_owned()),
        reconstruction: Some("OSEM".to_owned()),
        ..Conditions::default()
    }
}

struct Case {
    before: Vec<Lesion>,
    now: Vec<Lesion>,
    conditions: [Conditions; 2],
    best: Option<f64>,
}

fn case(before: &[Lesion], now: &[Lesion]) -> Case {
    Case {
        before: before.to_vec(),
        now: now.to_vec(),
        conditions: [faultless(), faultless()],
        best: None,
    }
}

impl Case {
    fn check(&self, category: Metabolic, reasons: &[&str], warnings: &[Warning]) {
        let exam = |lesions, conditions| Exam { lesions, conditions };
        let found = percist(&PercistInput {
            baseline: exam(self.before.as_slice(), &self.conditions[0]),
            follow_up: exam(self.now.as_slice(), &self.conditions[1]),
            best_sul_peak: self.best,
            unequivocal_progression: false,
        });
        assert_eq!(
            (found.category, found.sentences()),
            (category, reasons.iter().map(|r| (*r).to_owned()).collect())
        );
        assert_eq!(found.warnings, warnings);
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

const FALL: &str = "SULpeak of the hottest lesion fell from 8.00 SUL to 4.00 SUL (-50.00 %): a fall of at least 30 % and 0.8 SUL is reached.";

#[test]
fn the_hottest_lesion_may_be_another_one() {
    case(
        &[lesion(1, 8.0), lesion(2, 5.0)],
        &[lesion(1, 1.0), lesion(2, 4.0)],
    )
    .check(
        Metabolic::Partial,
        &[
            "the hottest lesion is lesion 2, at baseline it was lesion 1.",
            FALL,
        ],
        &[Warning::GlycolysisUnknown],
    );
}

#[test]
fn another_lesion_that_rises_is_no_partial_response() {
    let rise = "SULpeak of lesion 2 rose from 3.00 SUL to 4.00 SUL (+33.33 %): a rise of more than 30 % in any lesion is reached.";
    case(
        &[lesion(1, 8.0), lesion(2, 3.0)],
        &[lesion(1, 2.0), lesion(2, 4.0)],
    )
    .check(
        Metabolic::Stable,
        &[
            "the hottest lesion is lesion 2, at baseline it was lesion 1.",
            FALL,
            rise,
        ],
        &[Warning::OtherLesionRose(2), Warning::GlycolysisUnknown],
    );
}

#[test]
fn size_that_rises_is_no_partial_response() {
    let sized = |sul_peak, mm| Lesion {
        long_axis_mm: Some(mm),
        ..lesion(1, sul_peak)
    };
    let rise = "the longest diameter of lesion 1 rose from 10.0 mm to 14.0 mm (+40.00 %): a rise of more than 30 % in any lesion is reached.";
    case(&[sized(8.0, 10.0)], &[sized(4.0, 14.0)]).check(
        Metabolic::Stable,
        &[FALL, rise],
        &[Warning::OtherLesionRose(1), Warning::GlycolysisUnknown],
    );
}

#[test]
fn progression_may_count_from_the_best_response() {
    let rose = "SULpeak of the hottest lesion rose from 4.00 SUL to 6.00 SUL (+50.00 %): a rise of more than 30 % and more than 0.8 SUL is reached.";
    case(&[lesion(1, 8.0)], &[lesion(1, 6.0)])
        .with(|case| case.best = Some(4.0))
        .check(
            Metabolic::Progressive,
            &[
                "SULpeak of the hottest lesion was 4.00 SUL at its best, from which progression counts.",
                rose,
            ],
            &[],
        );
    let not = "SULpeak of the hottest lesion fell from 8.00 SUL to 6.00 SUL (-25.00 %): a fall of at least 30 % and 0.8 SUL is not reached.";
    case(&[lesion(1, 8.0)], &[lesion(1, 6.0)]).check(
        Metabolic::Stable,
        &[not, "the change reaches neither response nor progression."],
        &[Warning::GlycolysisUnknown],
    );
}

#[test]
fn glycolysis_of_the_five_hottest_may_be_progression() {
    let of = |sul_peak: f64, tlg| {
        (1..=6)
            .map(|track| Lesion {
                tlg: Some(if track == 6 { 1e6 } else { tlg }),
                ..lesion(track, sul_peak - f64::from(track) * 0.1)
            })
            .collect::<Vec<_>>()
    };
    let rose = "total lesion glycolysis of the hottest lesions (up to five) rose from 50.0 SUL mL to 100.0 SUL mL (+100.00 %): a rise of more than 75 % is reached.";
    case(&of(8.0, 10.0), &of(8.0, 20.0)).check(Metabolic::Progressive, &[rose], &[]);
    case(&of(8.0, 10.0), &of(7.0, 20.0)).check(
        Metabolic::Progressive,
        &[rose],
        &[Warning::GlycolysisAgainstPeak],
    );
}

#[test]
fn complete_without_blood_pool_is_said() {
    case(&[lesion(1, 8.0)], &[lesion(1, 1.5)])
        .with(|case| case.conditions[1].blood_pool_sul = None)
        .check(
            Metabolic::Complete,
            &["uptake of 1.50 is below that of the liver, 1.60."],
            &[Warning::BloodPoolUnknown, Warning::GlycolysisUnknown],
        );
}

#[test]
fn too_faint_a_lesion_is_not_evaluable() {
    let sentence = "not evaluable: SULpeak of the hottest lesion at baseline must be at least 2.80 by the liver, found 2.70.";
    case(&[lesion(1, 2.7)], &[]).check(Metabolic::NotEvaluable, &[sentence], &[]);
    case(&[lesion(1, 2.8)], &[]).check(Metabolic::Complete, &["no lesion is left."], &[]);
    let sentence = "not evaluable: SULpeak of the hottest lesion at baseline must be at least 2.60 by the blood pool, found 2.50.";
    case(&[lesion(1, 2.5)], &[])
        .with(|case| case.conditions[0].liver_sul = None)
        .check(Metabolic::NotEvaluable, &[sentence], &[Warning::LiverUnknown]);
    case(&[lesion(1, 2.7)], &[])
        .with(|case| case.conditions[0].liver_sul = None)
        .check(
            Metabolic::Complete,
            &["no lesion is left."],
            &[Warning::BloodPoolForLiver, Warning::LiverUnknown],
        );
}

fn not_evaluable(case: &Case, reason: Reason, warnings: &[Warning]) {
    case.check(Metabolic::NotEvaluable, &[&format!("{reason}.")], warnings);
}

#[test]
fn nothing_is_guessed() {
    let (before, now) = ([lesion(1, 8.0)], [lesion(1, 4.0)]);
    let missing = |needed| Reason::Missing(needed);
    not_evaluable(&case(&[], &now), Reason::NothingAtBaseline, &[]);
    let unmeasured = Lesion::default();
    not_evaluable(
        &case(&[before[0].clone(), unmeasured.clone()], &now),
        missing(Needed::BaselinePeaks),
        &[],
    );
    not_evaluable(&case(&before, &[unmeasured]), missing(Needed::FollowUpPeaks), &[]);
    for value in [0.0, -3.0, f64::NAN, f64::INFINITY] {
        let needed = Needed::BaselinePeaks;
        not_evaluable(
            &case(&[lesion(1, value)], &now),
            Reason::Impossible { needed, value },
            &[],
        );
    }
    let without = |exam: usize| {
        case(&before, &now).with(|case| {
            case.conditions[exam].liver_sul = None;
            case.conditions[exam].blood_pool_sul = None;
        })
    };
    not_evaluable(
        &without(0),
        missing(Needed::BaselineReference),
        &[Warning::LiverUnknown],
    );
    let warnings = [Warning::LiverUnknown];
    let found = without(1);
    found.check(
        Metabolic::NotEvaluable,
        &["not evaluable without mean SUL of the liver at follow-up."],
        &[Warning::GlycolysisUnknown, warnings[0]],
    );
}

#[test]
fn exams_that_do_not_compare_are_warned_of() {
    let warned = |change: fn(&mut Conditions), warnings: &[Warning]| {
        let all: Vec<Warning> = [Warning::GlycolysisUnknown]
            .into_iter()
            .chain(warnings.iter().copied())
            .collect();
        let case = case(&[lesion(1, 8.0)], &[lesion(1, 4.0)]).with(|case| change(&mut case.conditions[1]));
        case.check(Metabolic::Partial, &[FALL], &all);
    };
    let liver = |follow_up| Warning::LiverDifference {
        baseline: 1.6,
        follow_up,
    };
    warned(|_| {}, &[]);
    warned(|now| now.liver_sul = region(1.89), &[]);
    // 0.3 itself is too much, and 20 % are of the larger.
    warned(|now| now.liver_sul = region(1.9), &[liver(1.9)]);
    warned(|now| now.liver_sul = region(1.3), &[liver(1.3)]);
    warned(|now| now.uptake_s = Some(4200.0), &[]);
    warned(
        |now| now.uptake_s = Some(4560.0),
        &[
            Warning::UptakeTime { uptake_s: 4560.0 },
            Warning::UptakeTimeDifference {
                baseline_s: 3600.0,
                follow_up_s: 4560.0,
            },
        ],
    );
    warned(|now| now.uptake_s = None, &[Warning::UptakeTimeUnknown]);
    warned(|now| now.injected_activity_bq = Some(360e6), &[]);
    warned(
        |now| now.injected_activity_bq = Some(361e6),
        &[Warning::InjectedActivity {
            baseline_bq: 300e6,
            follow_up_bq: 361e6,
        }],
    );
    warned(|now| now.scanner = Some("B".to_owned()), &[Warning::OtherScanner]);
    warned(
        |now| now.reconstruction = Some("PSF".to_owned()),
        &[Warning::OtherReconstruction],
    );
    warned(|now| now.scanner = None, &[Warning::ScannerUnknown]);
}
