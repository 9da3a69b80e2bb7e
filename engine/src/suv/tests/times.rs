//! Injection, reference time, uptake.

use super::*;
use crate::suv::Factors;

#[test]
fn an_injection_without_a_date_is_of_the_scans_day_or_the_day_before() {
    let undated = |series: &mut Attributes| series.radiopharmaceutical_start_date_time = None;
    check(undated, 1.0, &[]);
    let past_midnight = |series: &mut Attributes| {
        undated(series);
        series.radiopharmaceutical_start_time_s = Some(23.5 * 3600.0);
        series.series_date_time = at(24.5 * 3600.0);
        series.acquisitions = vec![frame(24.5 * 3600.0, 149.6, 300.0)];
    };
    check(past_midnight, 1.0, &["injection-day-before"]);
    // A series that spans midnight begins before it.
    let spanning = |series: &mut Attributes| {
        undated(series);
        series.radiopharmaceutical_start_time_s = Some(22.9 * 3600.0);
        series.series_date_time = at(23.9 * 3600.0);
        series.acquisitions = vec![
            frame(24.1 * 3600.0, 869.6, 300.0),
            frame(23.9 * 3600.0, 149.6, 300.0),
        ];
    };
    check(spanning, 1.0, &[]);
}

#[test]
fn a_wrong_clock_does_not_become_a_day() {
    check_refused(
        |series| {
            series.radiopharmaceutical_start_date_time = None;
            series.radiopharmaceutical_start_time_s = Some(SERIES_START_S + 1200.0);
        },
        "injection time without a date: expected one shortly before the scan, found 85200.0 s before it",
    );
}

#[test]
fn a_slow_tracer_without_a_date_is_doubted() {
    let conversion = convert(&changed(|series| {
        series.radiopharmaceutical_start_date_time = None;
        series.radionuclide_half_life_s = Some(282_240.0);
        series.radionuclide_code_value = text("Zr-89");
    }));
    assert_eq!(
        conversion.unwrap().audit.warnings[0].code,
        "injection-date-assumed"
    );
}

#[test]
fn uptake_times_that_cannot_be_are_refused() {
    check_refused(
        |series| series.radiopharmaceutical_start_date_time = at(SERIES_START_S + 60.0),
        "uptake time: expected an injection before the scan, found -60.0 s",
    );
    check_refused(
        |series| series.radiopharmaceutical_start_date_time = at(SERIES_START_S - 86_400.0),
        "uptake time: expected at most 13 half-lives, found 86400.0 s, which is 13.1",
    );
    check_refused(
        |series| {
            series.decay_correction = text("ADMIN");
            series.radiopharmaceutical_start_date_time = at(SERIES_START_S + 60.0);
        },
        "uptake time: expected an injection before the scan, found -60.0 s",
    );
    let long = |series: &mut Attributes| {
        series.radiopharmaceutical_start_date_time = at(SERIES_START_S - 4.0 * F18_S);
        series.radiopharmaceutical_start_time_s = None;
    };
    check(long, 16.0 / (3600.0 / F18_S).exp2(), &["uptake-long"]);
}

#[test]
fn a_dynamic_scan_may_begin_before_the_injection() {
    let dynamic = |series: &mut Attributes| {
        series.series_type = text("DYNAMIC");
        series.radiopharmaceutical_start_date_time = None;
        series.radiopharmaceutical_start_time_s = Some(SERIES_START_S + 60.0);
    };
    check(dynamic, (-3660.0 / F18_S).exp2(), &["injection-after-scan-start"]);
    check_refused(
        |series| {
            dynamic(series);
            series.radiopharmaceutical_start_time_s = Some(SERIES_START_S + 700.0);
        },
        "injection time without a date: expected one shortly before the scan, found 85700.0 s before it",
    );
}

#[test]
fn ge_private_times_serve_where_they_fit() {
    let undated = |series: &mut Attributes| series.radiopharmaceutical_start_date_time = None;
    check(
        |series| {
            undated(series);
            series.radiopharmaceutical_start_time_s = None;
            series.ge_administration_date_time = at(10.0 * 3600.0);
        },
        1.0,
        &[],
    );
    check(
        |series| {
            undated(series);
            series.ge_administration_date_time = at(10.0 * 3600.0 - 400.0 * 86_400.0);
        },
        1.0,
        &["ge-administration-implausible"],
    );
    let rule = ReferenceTimeRule::GeScanDateTime;
    check_rule(
        |series| series.ge_scan_date_time = at(SERIES_START_S - 30.0),
        rule,
        -30.0,
        &[],
    );
    check_rule(
        |series| series.ge_scan_date_time = at(SERIES_START_S - 400.0 * 86_400.0),
        ReferenceTimeRule::SeriesDateTime,
        0.0,
        &["ge-scan-time-implausible"],
    );
    check_rule(
        |series| series.ge_scan_date_time = at(SERIES_START_S + 600.0),
        ReferenceTimeRule::SeriesDateTime,
        0.0,
        &["ge-scan-time-implausible"],
    );
}

#[test]
fn injection_times_that_disagree_are_a_warning() {
    check(
        |series| series.radiopharmaceutical_start_time_s = Some(10.0 * 3600.0 + 14.0),
        1.0,
        &[],
    );
    check(
        |series| series.radiopharmaceutical_start_time_s = Some(9.0 * 3600.0),
        1.0,
        &["injection-times-disagree"],
    );
}

#[test]
fn a_series_time_after_the_scan_gives_way_to_the_frames() {
    let reprocessed = |series: &mut Attributes| series.series_date_time = at(SERIES_START_S + 7200.0);
    check_rule(reprocessed, ReferenceTimeRule::FrameReferenceTime, 0.0, &[]);
    // A cropped series: the images that are left count back to the start that is not.
    let cropped = |series: &mut Attributes| {
        reprocessed(series);
        series.acquisitions.remove(0);
    };
    check_rule(cropped, ReferenceTimeRule::FrameReferenceTime, 0.0, &[]);
    let rounded = |series: &mut Attributes| {
        reprocessed(series);
        series.acquisitions = [0.0, 300.0, 605.0]
            .map(|after| {
                frame(
                    SERIES_START_S + after,
                    (after / 300.0).floor() * 300.0 + 149.6,
                    300.0,
                )
            })
            .to_vec();
        series.acquisitions.reverse();
    };
    check_rule(
        rounded,
        ReferenceTimeRule::FrameReferenceTime,
        0.0,
        &["frame-reference-times-spread"],
    );
}

#[test]
fn without_usable_frames_the_first_acquisition_is_the_start() {
    let reprocessed = |series: &mut Attributes| series.series_date_time = at(SERIES_START_S + 7200.0);
    let rule = ReferenceTimeRule::EarliestAcquisition;
    let doubt = ["reference-time-doubtful"];
    // Frame Reference Time 0: an old scanner's habit.
    check_rule(
        |series| {
            reprocessed(series);
            series.acquisitions = vec![frame(SERIES_START_S, 0.0, 300.0)];
        },
        rule,
        0.0,
        &doubt,
    );
    // Each bed's offset counted from its own start: the images contradict one common time.
    check_rule(
        |series| {
            reprocessed(series);
            series.acquisitions[1].frame_reference_time_ms = Some(149_600.0);
        },
        rule,
        0.0,
        &doubt,
    );
    check_rule(
        |series| {
            series.series_date_time = None;
            for image in &mut series.acquisitions {
                image.frame_reference_time_ms = None;
            }
        },
        rule,
        0.0,
        &doubt,
    );
    check_rule(
        |series| {
            reprocessed(series);
            for image in &mut series.acquisitions {
                image.actual_frame_duration_ms = Some(0.0);
            }
        },
        rule,
        0.0,
        &doubt,
    );
}

#[test]
fn an_enhanced_image_names_the_moment_itself() {
    check_rule(
        |series| {
            series.decay_correction = None;
            series.decay_correction_date_time = at(SERIES_START_S - 10.0);
        },
        ReferenceTimeRule::DecayCorrectionDateTime,
        -10.0,
        &[],
    );
}

#[test]
fn times_that_contradict_the_one_used_are_warnings() {
    check(
        |series| series.series_date_time = at(SERIES_START_S - 1200.0),
        (-1200.0 / F18_S).exp2(),
        &["reference-times-disagree"],
    );
    // De-identification may shift the day of a private time.
    let siemens =
        |second| move |series: &mut Attributes| series.siemens_decay_correction_date_time = at(second);
    check(siemens(SERIES_START_S + 86_400.0), 1.0, &[]);
    check(
        siemens(SERIES_START_S + 600.0),
        1.0,
        &["siemens-decay-time-differs"],
    );
    check(
        |series| {
            let offset = series
                .series_date_time
                .map(|moment| moment.with_utc_offset_s(3600));
            series.series_date_time = offset;
        },
        1.0,
        &["utc-offset-incomplete"],
    );
    check(
        |series| series.acquisitions[1].acquisition_date_time = None,
        1.0,
        &["acquisition-times-incomplete"],
    );
}

#[test]
fn uncorrected_images_are_each_taken_to_their_own_start() {
    let uncorrected = |series: &mut Attributes| {
        series.decay_correction = text("NONE");
        series.corrected_image = terms(&["ATTN"]);
    };
    let conversion = convert(&changed(uncorrected)).unwrap();
    let Factors::PerSlice(factors) = &conversion.factors_bw else {
        panic!("{:?}", conversion.factors_bw)
    };
    for (factor, later_s) in factors.iter().zip([0.0, 300.0]) {
        let expected = FACTOR * 1.015_869 * (later_s / F18_S).exp2();
        assert!((factor / expected - 1.0).abs() < 2e-5, "{factor} {expected}");
    }
    assert_eq!(conversion.factors_bw.of(2), None);
    assert_eq!(conversion.audit.decayed_activity_bq, None);
    assert_eq!(conversion.audit.uptake_s, Some(3600.0));
    // Images of one time have one factor.
    check(
        |series| {
            uncorrected(series);
            series.acquisitions[1] = series.acquisitions[0];
        },
        1.015_869,
        &[],
    );
    check_refused(
        |series| {
            uncorrected(series);
            series.acquisitions[1].actual_frame_duration_ms = None;
        },
        "no Actual Frame Duration in the images; expected a value",
    );
    check_refused(
        |series| {
            uncorrected(series);
            series.acquisitions[1].acquisition_date_time = None;
        },
        "no Acquisition Date and Time in the images; expected a value",
    );
    check_refused(
        |series| {
            uncorrected(series);
            series.acquisitions.clear();
        },
        "no Acquisition Date and Time in the images; expected a value",
    );
}
