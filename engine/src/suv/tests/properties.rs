//! What holds for every series.

use proptest::prelude::*;

use super::*;
use crate::suv::{SuvKind, decay};

fn factor(series: &Attributes) -> f64 {
    convert(series).unwrap().factors_bw.uniform().unwrap()
}

proptest! {
    #[test]
    fn suv_falls_as_the_activity_rises(activity in 1e6f64..1e10, times in 1.1f64..5.0) {
        let with = |bq: f64| factor(&changed(|series| series.radionuclide_total_dose = Some(bq)));
        prop_assert!((with(activity) / with(activity * times) / times - 1.0).abs() < 1e-12);
    }

    #[test]
    fn suv_rises_with_the_weight(kg in 1.0f64..200.0, times in 1.1f64..4.0) {
        let with = |kg: f64| factor(&changed(|series| series.patient_weight = Some(kg)));
        prop_assert!((with(kg * times) / with(kg) / times - 1.0).abs() < 1e-12);
    }

    #[test]
    fn suv_doubles_with_each_half_life_of_uptake(uptake in 600.0..12_000.0) {
        let with = |seconds: f64| factor(&changed(|series| {
            series.radiopharmaceutical_start_date_time = at(SERIES_START_S - seconds);
        }));
        prop_assert!((with(uptake + F18_S) / with(uptake) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn shifting_every_date_changes_nothing(days in -20_000i32..20_000) {
        let shifted = changed(|series| {
            let shift = |moment: &mut Option<DateTime>| {
                *moment = moment.map(|moment| moment.plus_seconds(f64::from(days) * 86_400.0));
            };
            shift(&mut series.series_date_time);
            shift(&mut series.radiopharmaceutical_start_date_time);
            series.acquisitions.iter_mut().for_each(|image| shift(&mut image.acquisition_date_time));
        });
        prop_assert_eq!(convert(&shifted), convert(&faultless()));
    }

    #[test]
    fn correcting_ourselves_equals_the_scanners_correction(after in 0.0..7200.0, duration in 10.0..1800.0) {
        let corrected = changed(|series| {
            series.acquisitions = vec![frame(SERIES_START_S + after, 0.0, duration)];
        });
        let uncorrected = Attributes {
            decay_correction: text("NONE"),
            corrected_image: terms(&["ATTN"]),
            ..corrected.clone()
        };
        // What the scanner multiplies by: PS3.3 C.8.9.4, Decay Factor.
        let constant = decay::constant_per_s(F18_S);
        let decay_factor = decay::frame_correction(constant, duration) / decay::remaining(constant, after);
        prop_assert!((factor(&uncorrected) / (factor(&corrected) * decay_factor) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn stored_kinds_go_there_and_back(kg in 30.0..150.0, m in 1.4..2.1, male in any::<bool>()) {
        let terms = [("LBM", SuvKind::LbmMorgan120), ("LBMJAMES128", SuvKind::LbmJames128),
            ("LBMJANMA", SuvKind::LbmJanmahasatian), ("IBW", SuvKind::Ibw)];
        for (suv_type, kind) in terms {
            let series = changed(|series| {
                series.units = text("GML");
                series.suv_type = text(suv_type);
                series.patient_weight = Some(kg);
                series.patient_size = Some(m);
                series.patient_sex = Some(if male { Sex::Male } else { Sex::Female });
            });
            // The James and Morgan formulas turn negative in extreme bodies and refuse.
            if let Ok(conversion) = convert(&series) {
                let there = conversion.factors_bw.uniform().unwrap();
                prop_assert!((there * conversion.multiplier(kind).unwrap() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn no_input_panics(
        numbers in proptest::collection::vec(proptest::option::of(any::<f64>()), 9),
        pick in 0usize..6, correction in 0usize..4, days in -3_000_000i32..3_000_000,
    ) {
        let units = ["BQML", "GML", "CM2ML", "CNTS", "CPS", ""][pick];
        let correction = ["START", "NONE", "ADMIN", "?"][correction];
        let moment = DateTime::new(2025, 1, 1, 0.0).unwrap().plus_seconds(f64::from(days) * 86_400.0);
        let series = changed(|series| {
            series.units = text(units);
            series.decay_correction = text(correction);
            if correction == "NONE" {
                series.corrected_image = terms(&["ATTN"]);
            }
            series.radionuclide_total_dose = numbers[0];
            series.radionuclide_half_life_s = numbers[1];
            series.patient_weight = numbers[2];
            series.patient_size = numbers[3];
            series.philips_suv_scale_factor = numbers[4];
            series.philips_activity_concentration_scale_factor = numbers[5];
            series.radiopharmaceutical_start_time_s = numbers[6];
            series.acquisitions[0].frame_reference_time_ms = numbers[7];
            series.acquisitions[1].actual_frame_duration_ms = numbers[8];
            series.radiopharmaceutical_start_date_time = Some(moment).filter(|_| days % 2 == 0);
            series.ge_scan_date_time = Some(moment).filter(|_| days % 3 == 0);
        });
        if let Ok(conversion) = convert(&series) {
            for image in 0..2 {
                let factor = conversion.factors_bw.of(image).unwrap();
                prop_assert!(factor.is_finite() && factor > 0.0, "{factor}");
            }
        }
    }
}
