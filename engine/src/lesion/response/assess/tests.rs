use crate::lesion::response::{
    Anatomic, Assessment, Conditions, Cycles, Exam, Findings, FivePoint, Lesion, Lugano, Metabolic, Recip,
    ReferenceRegion, Study, Tracer, Warning, assess,
};

fn region(mean: f64) -> Option<ReferenceRegion> {
    Some(ReferenceRegion {
        mean,
        sd: 0.1,
        max: mean * 1.25,
    })
}

fn conditions() -> Conditions {
    Conditions {
        liver_sul: region(1.6),
        blood_pool_sul: region(1.1),
        liver_suv: region(2.0),
        blood_pool_suv: region(1.5),
        ..Conditions::default()
    }
}

/// A lesion of which everything was measured: its hottest values in proportion to `suv`, its sizes to `mm`.
fn lesion(track: u32, organ: &str, suv: f64, mm: f64) -> Lesion {
    Lesion {
        track,
        organ: organ.to_owned(),
        is_node: organ == "node",
        is_new: false,
        sul_peak: Some(suv * 0.7),
        suv_max: Some(suv),
        suv_peak_qpet4: Some(suv * 0.95),
        suv_peak_sphere: Some(suv * 0.9),
        mtv_ml: Some(mm * 0.5),
        tlg: Some(suv * mm * 0.3),
        uptake_extent_mm: Some(mm),
        long_axis_mm: Some(mm),
        short_axis_mm: Some(mm * 0.8),
    }
}

fn assessed(tracer: Tracer, before: &[Lesion], now: &[Lesion], findings: Findings) -> Assessment {
    let conditions = conditions();
    let exam = |lesions| Exam {
        lesions,
        conditions: &conditions,
    };
    let (baseline, follow_up) = (exam(before), exam(now));
    assess(&Study {
        tracer,
        baseline,
        follow_up,
        findings,
    })
}

#[test]
fn criteria_go_with_the_tracer() {
    let lesions = [lesion(1, "liver", 10.0, 40.0)];
    let of = |tracer| assessed(tracer, &lesions, &lesions, Findings::default());
    let fdg = of(Tracer::Fdg);
    assert!(fdg.percist.is_some() && fdg.eortc.is_some() && fdg.five_point.is_some());
    assert!(fdg.qpet.is_some() && fdg.lugano.is_some() && fdg.recip.is_none());
    let psma = of(Tracer::Psma);
    assert_eq!(psma.recip.unwrap().category, Recip::Stable);
    assert!(psma.percist.is_none() && psma.lugano.is_none() && psma.five_point.is_none());
    assert_eq!(of(Tracer::Other).recist.category, Anatomic::Stable);
}

#[test]
fn a_response_by_all_criteria() {
    let before = [lesion(1, "liver", 10.0, 40.0), lesion(2, "node", 8.0, 30.0)];
    let now = [lesion(1, "liver", 4.0, 20.0), lesion(2, "node", 3.0, 20.0)];
    let findings = Findings {
        least_change_percent: Some(25.0),
        cycles: Some(Cycles::More),
        ..Findings::default()
    };
    let found = assessed(Tracer::Fdg, &before, &now, findings);
    assert_eq!(found.percist.unwrap().category, Metabolic::Partial);
    assert_eq!(found.eortc.unwrap().category, Metabolic::Partial);
    // 4.0 against twice the liver's largest 2.5; the peak of 3.8 is 1.9 times the mean of 2.0.
    assert_eq!(found.five_point.unwrap().category, FivePoint::Four);
    let qpet = found.qpet.unwrap().category;
    assert!((qpet.value.unwrap() - 1.9).abs() < 1e-12);
    assert_eq!(qpet.score, FivePoint::Four);
    let lugano = found.lugano.unwrap();
    assert_eq!(lugano.category, Lugano::Partial);
    assert!(
        lugano
            .warnings
            .contains(&Warning::HostThreshold { percent: 25.0 })
    );
    // 40 + 24 mm become 20 + 16 mm.
    assert_eq!(found.recist.category, Anatomic::Partial);
    assert!(found.recist.sentences()[0].contains("from 64.0 mm to 36.0 mm"));
}

#[test]
fn a_new_lesion_is_progression_but_for_recip() {
    let before = [lesion(1, "liver", 10.0, 40.0)];
    let new = Lesion {
        is_new: true,
        ..lesion(2, "bone", 5.0, 12.0)
    };
    let now = [lesion(1, "liver", 4.0, 10.0), new];
    let found = assessed(Tracer::Fdg, &before, &now, Findings::default());
    assert_eq!(found.percist.unwrap().category, Metabolic::Progressive);
    assert_eq!(found.eortc.unwrap().category, Metabolic::Progressive);
    assert_eq!(found.five_point.unwrap().category, FivePoint::Five);
    assert_eq!(found.lugano.unwrap().category, Lugano::Progressive);
    assert_eq!(found.recist.category, Anatomic::Progressive);
    let psma = assessed(Tracer::Psma, &before, &now, Findings::default());
    assert_eq!(psma.recip.unwrap().category, Recip::Stable);
}

#[test]
fn a_new_node_counts_for_recist_from_10_mm_on() {
    let before = [lesion(1, "liver", 10.0, 40.0)];
    let new = |mm| Lesion {
        is_new: true,
        short_axis_mm: Some(mm),
        ..lesion(2, "node", 5.0, 20.0)
    };
    let of = |mm| {
        let now = [before[0].clone(), new(mm)];
        assessed(Tracer::Fdg, &before, &now, Findings::default())
            .recist
            .category
    };
    assert_eq!(of(9.9), Anatomic::Stable);
    assert_eq!(of(10.0), Anatomic::Progressive);
}

#[test]
fn nothing_left_is_complete() {
    let before = [lesion(1, "liver", 10.0, 40.0)];
    let found = assessed(Tracer::Fdg, &before, &[], Findings::default());
    assert_eq!(found.percist.unwrap().category, Metabolic::Complete);
    assert_eq!(found.eortc.unwrap().category, Metabolic::Complete);
    assert_eq!(found.five_point.unwrap().category, FivePoint::One);
    assert_eq!(found.qpet.unwrap().category.score, FivePoint::OneOrTwo);
    assert_eq!(found.lugano.unwrap().category, Lugano::Complete);
    assert_eq!(found.recist.category, Anatomic::Complete);
    let psma = assessed(Tracer::Psma, &before, &[], Findings::default());
    assert_eq!(psma.recip.unwrap().category, Recip::Complete);
}

#[test]
fn fragments_are_added_up() {
    let before = [lesion(1, "liver", 10.0, 60.0)];
    let now = [lesion(1, "liver", 9.0, 25.0), lesion(1, "liver", 8.0, 30.0)];
    let found = assessed(Tracer::Fdg, &before, &now, Findings::default());
    assert!(found.recist.sentences()[0].contains("from 60.0 mm to 55.0 mm"));
}

#[test]
fn the_sphere_stands_in_for_the_peak_of_qpet_with_a_warning() {
    let without = |suv| Lesion {
        suv_peak_qpet4: None,
        ..lesion(1, "liver", suv, 40.0)
    };
    let found = assessed(
        Tracer::Fdg,
        &[without(10.0)],
        &[without(4.0)],
        Findings::default(),
    );
    assert!(found.qpet.unwrap().warnings.contains(&Warning::SpherePeak));
}

#[test]
fn what_was_not_measured_is_not_evaluable() {
    let bare = [Lesion {
        track: 1,
        ..Lesion::default()
    }];
    let found = assessed(Tracer::Fdg, &bare, &bare, Findings::default());
    assert_eq!(found.percist.unwrap().category, Metabolic::NotEvaluable);
    assert_eq!(found.eortc.unwrap().category, Metabolic::NotEvaluable);
    assert_eq!(found.five_point.unwrap().category, FivePoint::NotEvaluable);
    assert_eq!(found.qpet.unwrap().category.score, FivePoint::NotEvaluable);
    assert_eq!(found.lugano.unwrap().category, Lugano::NotEvaluable);
    // A lesion that nobody measured on CT or MR is not one too small to be a target.
    assert_eq!(found.recist.category, Anatomic::NotEvaluable);
    let psma = assessed(Tracer::Psma, &bare, &bare, Findings::default());
    assert_eq!(psma.recip.unwrap().category, Recip::NotEvaluable);
}

/// What PET alone knows: uptake, and no diameter of CT or MR.
#[test]
fn lesions_that_nobody_measured_across_are_not_evaluable_for_recist() {
    let unmeasured = [Lesion {
        long_axis_mm: None,
        short_axis_mm: None,
        ..lesion(1, "liver", 10.0, 40.0)
    }];
    let assessment = assessed(Tracer::Fdg, &unmeasured, &unmeasured, Findings::default());
    assert_eq!(assessment.recist.category, Anatomic::NotEvaluable);
    assert!(
        assessment.recist.sentences()[0].contains("diameters"),
        "{:?}",
        assessment.recist.sentences()
    );
}
