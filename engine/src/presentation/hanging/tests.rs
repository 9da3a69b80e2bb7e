mod compare;
mod documents;

use super::{
    Content, Empty, Facts, Hung, HungView, Laterality, Preferences, Protocol, ScreenFacts, SeriesFacts,
    SeriesIndex, SeriesOrientation, Shown, StudyFacts, ViewKind, WindowRule, hang, look, protocol, protocols,
};
use crate::colormap::{DefaultPalette, DefaultPalettes, Role};
use crate::presentation::{Layout, WindowPresets};

fn volume(modality: &str, images: u32, frame_of_reference: &str) -> SeriesFacts {
    SeriesFacts {
        modality: modality.into(),
        images,
        is_emission: ["PT", "NM"].contains(&modality),
        orientation: SeriesOrientation::Axial,
        has_volume: true,
        frame_of_reference_uid: Some(frame_of_reference.into()),
        ..SeriesFacts::default()
    }
}

fn flat(modality: &str) -> SeriesFacts {
    SeriesFacts {
        modality: modality.into(),
        images: 1,
        is_emission: modality == "NM",
        ..SeriesFacts::default()
    }
}

fn planar(image_type: &str, images: u32) -> SeriesFacts {
    SeriesFacts {
        image_type: ["ORIGINAL", "PRIMARY", image_type, "EMISSION"]
            .map(String::from)
            .into(),
        images,
        ..flat("NM")
    }
}

fn bone_scan() -> SeriesFacts {
    SeriesFacts {
        frame_views: vec!["ANTERIOR".into(), "Posterior".into()],
        ..planar("WHOLE BODY", 2)
    }
}

fn named(description: &str, series: SeriesFacts) -> SeriesFacts {
    SeriesFacts {
        description: description.into(),
        ..series
    }
}

fn of_part(body_part: &str, series: SeriesFacts) -> SeriesFacts {
    SeriesFacts {
        body_part: body_part.into(),
        ..series
    }
}

fn breast(side: Laterality, position: &str) -> SeriesFacts {
    SeriesFacts {
        laterality: Some(side),
        view_position: Some(position.into()),
        ..flat("MG")
    }
}

fn current(series: Vec<SeriesFacts>) -> Facts {
    Facts {
        studies: vec![StudyFacts { prior: 0, series }],
        screens: vec![ScreenFacts {
            width: 1920,
            height: 1080,
        }],
    }
}

fn with_prior(mut facts: Facts, series: Vec<SeriesFacts>) -> Facts {
    // The prior stands first, to see that order does not matter.
    facts.studies.insert(0, StudyFacts { prior: 1, series });
    facts
}

fn pet_ct() -> Vec<SeriesFacts> {
    vec![volume("CT", 300, "1.2"), volume("PT", 300, "1.2")]
}

fn hung(facts: &Facts) -> Hung {
    hang(facts, &protocols(), &Preferences::default()).unwrap()
}

fn shown(view: &HungView) -> &Shown {
    match &view.content {
        Content::Shown(shown) => shown,
        Content::Empty(empty) => panic!("{empty}"),
    }
}

fn check(series: Vec<SeriesFacts>, expected: &str) {
    let found = hung(&current(series));
    assert_eq!(found.protocol, expected, "{}", found.reason);
    for view in &found.views {
        assert!(matches!(view.content, Content::Shown(_)), "{expected}: {view:?}");
    }
}

#[test]
fn every_kind_of_study_finds_its_protocol() {
    check(pet_ct(), "pet-ct");
    check(vec![volume("MR", 200, "1"), volume("PT", 127, "1")], "pet-mr");
    check(vec![volume("CT", 200, "1"), volume("NM", 128, "1")], "spect-ct");
    check(vec![bone_scan()], "bone-scan");
    let both = vec![bone_scan(), volume("NM", 128, "1"), volume("CT", 128, "1")];
    check(both, "bone-scan-spect-ct");
    check(vec![planar("WHOLE BODY", 2)], "whole-body-planar");
    check(
        vec![named("Renogram MAG3", planar("DYNAMIC", 180))],
        "renal-dynamic",
    );
    check(vec![named("肾动态", planar("DYNAMIC", 180))], "renal-dynamic");
    check(vec![of_part("KIDNEY", planar("DYNAMIC", 180))], "renal-dynamic");
    check(vec![named("gastric", planar("DYNAMIC", 90))], "nm-dynamic");
    check(vec![named("thyroid", planar("STATIC", 1))], "nm-planar");
    check(vec![volume("PT", 300, "1")], "pet");
    check(vec![volume("NM", 128, "1")], "spect");
    check(vec![volume("CT", 300, "1")], "ct");
    check(vec![of_part("Chest", volume("CT", 300, "1"))], "ct-chest");
    check(vec![flat("CT")], "ct-stack");
    check(vec![volume("MR", 30, "1")], "mr");
    check(vec![flat("MR")], "mr-stack");
    let brain = ["T1 MPRAGE", "T2 TSE", "T2 FLAIR", "ep2d DWI"];
    let brain = brain.map(|name| of_part("BRAIN", named(name, volume("MR", 30, "1"))));
    check(brain.to_vec(), "mr-brain");
    check(vec![flat("DX")], "dx");
    check(vec![flat("CR"), flat("DX")], "dx-two");
    check(vec![flat("US")], "us");
    let (right, left) = (Laterality::Right, Laterality::Left);
    let breasts = vec![
        breast(left, "MLO"),
        breast(right, "MLO"),
        breast(left, "CC"),
        breast(right, "CC"),
    ];
    check(breasts.clone(), "mg");
    let series: Vec<_> = hung(&current(breasts))
        .views
        .iter()
        .map(|view| shown(view).base.series.series)
        .collect();
    assert_eq!(series, [3, 2, 1, 0]);
}

#[test]
fn a_prior_is_compared_and_does_not_pass_for_the_current() {
    let compared = hung(&with_prior(current(pet_ct()), pet_ct()));
    assert_eq!(compared.protocol, "pet-ct-compare");
    let at = |n: usize| shown(&compared.views[n]).base.series;
    assert_eq!(at(0), SeriesIndex { study: 1, series: 0 });
    assert_eq!(at(4), SeriesIndex { study: 0, series: 0 });
    assert_eq!(at(5), SeriesIndex { study: 0, series: 1 });

    // A PET-CT is a prior of a CT by its CT, of a PET by its PET.
    let found = hung(&with_prior(current(vec![volume("CT", 300, "1")]), pet_ct()));
    assert_eq!(found.protocol, "ct-compare");
    let found = hung(&with_prior(current(vec![volume("PT", 300, "1")]), pet_ct()));
    assert_eq!(found.protocol, "pet-compare");
    // What is the prior's alone does not pass for the current study's.
    let found = hung(&with_prior(current(vec![flat("US")]), pet_ct()));
    assert_eq!(found.protocol, "studies-two");
    let without_ct = hung(&with_prior(current(pet_ct()), vec![volume("PT", 300, "1")]));
    assert_eq!(without_ct.protocol, "pet-ct-compare");
    let empty = |view: &&HungView| matches!(view.content, Content::Empty(_));
    let cells: Vec<_> = without_ct
        .views
        .iter()
        .filter(empty)
        .map(|view| view.cell)
        .collect();
    assert_eq!(cells, [4, 6]);
    let Content::Empty(reason) = &without_ct.views[6].content else {
        panic!("a prior CT out of nowhere")
    };
    assert_eq!(
        reason.to_string(),
        "prior_ct is missing: no series of the latest prior study is CT, with a volume"
    );
}

#[test]
fn what_is_missing_stays_empty() {
    let found = hung(&current(vec![breast(Laterality::Left, "CC")]));
    assert_eq!(found.protocol, "mg");
    let empty: Vec<_> = found
        .views
        .iter()
        .map(|view| matches!(view.content, Content::Empty(_)))
        .collect();
    assert_eq!(empty, [true, false, true, true]);
    let brain = ["T1", "T2"].map(|name| of_part("HEAD", named(name, volume("MR", 30, "1"))));
    let found = hung(&current(brain.to_vec()));
    assert!(
        matches!(&found.views[2].content, Content::Empty(Empty::Missing { series, .. }) if series == "flair")
    );
    let nothing = hang(&current(vec![flat("SR")]), &protocols(), &Preferences::default());
    assert_eq!(
        nothing.unwrap_err().to_string(),
        "no hanging protocol fits what is open: current SR"
    );
    assert!(hang(&Facts::default(), &protocols(), &Preferences::default()).is_err());
}

#[test]
fn planes_need_a_volume_and_frames_must_be_there() {
    let mut flat_ct = protocol("ct").unwrap();
    flat_ct.series[0].is.volume = None;
    let found = hang(&current(vec![flat("CT")]), &[flat_ct], &Preferences::default()).unwrap();
    let Content::Empty(reason) = &found.views[1].content else {
        panic!("planes of one image")
    };
    assert_eq!(reason.to_string(), "ct has no volume, which coronal planes need");

    let mut scan = protocol("bone-scan").unwrap();
    scan.series[1].is.frame_view = vec!["anterior".into()];
    let one = SeriesFacts {
        frame_views: vec!["anterior".into()],
        ..bone_scan()
    };
    let found = hang(&current(vec![one]), &[scan], &Preferences::default()).unwrap();
    assert_eq!(shown(&found.views[0]).base.frame, Some(0));
    assert!(matches!(
        found.views[1].content,
        Content::Empty(Empty::NoFrame { .. })
    ));
    let both = hung(&current(vec![bone_scan()]));
    assert_eq!(shown(&both.views[1]).base.frame, Some(1));
}

#[test]
fn the_best_of_several_series_is_taken() {
    let corrected = |corrected, images| SeriesFacts {
        is_attenuation_corrected: corrected,
        ..volume("PT", images, "1")
    };
    let transmission = SeriesFacts {
        is_emission: false,
        ..corrected(Some(true), 900)
    };
    let facts = current(vec![
        corrected(Some(false), 500),
        corrected(Some(true), 300),
        corrected(None, 600),
        transmission,
        named("Topogram", volume("CT", 700, "1")),
        volume("CT", 800, "2"),
        volume("CT", 200, "1"),
        volume("CT", 300, "1"),
    ]);
    let found = hung(&facts);
    let fused = shown(&found.views[2]);
    assert_eq!(fused.overlays[0].series.series, 1);
    assert_eq!(fused.base.series.series, 7);
    assert!(!fused.overlays[0].needs_registration);
    let apart = hung(&current(vec![volume("CT", 300, "1"), volume("PT", 300, "2")]));
    assert!(shown(&apart.views[2]).overlays[0].needs_registration);
    assert!(!shown(&apart.views[2]).base.needs_registration);
}

#[test]
fn the_reason_says_what_was_met_and_what_else_fits() {
    let found = hung(&current(pet_ct()));
    assert_eq!(
        found.reason,
        "pet-ct fits best, all 5 of its conditions are met by pet (PT, uptake, with a volume) and ct (CT, with a \
         volume); pet (3), ct (2), ct-stack (1) fit too"
    );
}

#[test]
fn of_equal_fits_the_first_is_taken() {
    let mut own = protocol("ct").unwrap();
    own.name = "own-ct".into();
    let facts = current(vec![volume("CT", 300, "1")]);
    let all = |first: Protocol, second: Protocol| {
        let found = hang(&facts, &[first, second], &Preferences::default());
        found.unwrap().protocol
    };
    let ours = protocol("ct").unwrap();
    assert_eq!(all(own.clone(), ours.clone()), "own-ct");
    assert_eq!(all(ours.clone(), own.clone()), "ct");
    own.matches[0].screens_at_least = Some(1);
    assert_eq!(all(ours.clone(), own.clone()), "own-ct");
    own.matches[0].screens_at_least = Some(2);
    assert_eq!(all(own.clone(), ours.clone()), "ct");
    own.matches[0].screens_at_least = None;
    own.matches[0].width_at_least = Some(3840);
    assert_eq!(all(own.clone(), ours.clone()), "ct");
    own.matches[0].width_at_least = None;
    let without = r#"[{"is":{"modality":["CT"]}}]"#;
    own.matches[0].without = serde_json::from_str(without).unwrap();
    assert_eq!(all(own, ours), "ct");
}

#[test]
fn choices_left_open_are_made_by_look_then_department() {
    let facts = current(vec![
        of_part("LIVER", volume("CT", 300, "1")),
        volume("PT", 300, "1"),
    ]);
    let found = hung(&facts);
    let fused = shown(&found.views[2]);
    assert_eq!(fused.base.window, WindowRule::Preset("liver".into()));
    assert_eq!((fused.base.palette.as_str(), fused.fusion_ratio), ("gray", 0.5));
    assert_eq!(fused.overlays[0].window, WindowRule::Auto);
    assert_eq!(fused.overlays[0].palette, "hot_iron");
    assert_eq!(shown(&found.views[1]).base.palette, "gray_inverted");

    let choice = DefaultPalette {
        modality: "PT".into(),
        role: Role::Overlay,
        palette: "turbo".into(),
    };
    let department = Preferences {
        palettes: DefaultPalettes::default().with([choice]).unwrap(),
        ..Preferences::default()
    };
    let found = hang(&facts, &protocols(), &department).unwrap();
    assert_eq!(shown(&found.views[2]).overlays[0].palette, "turbo");

    let philips = Preferences {
        look: look("philips"),
        ..department
    };
    let found = hang(&facts, &protocols(), &philips).unwrap();
    assert_eq!(found.layout.name(), "two-rows");
    assert_eq!(found.views.len(), 6);
    assert!(found.reason.ends_with("; arranged as in philips"));
    let fused = shown(&found.views[2]);
    assert_eq!(fused.overlays[0].palette, "style_philips_hot_metal");
    assert_eq!(fused.overlays[0].window, WindowRule::Preset("suv_0_10".into()));
    assert_eq!((found.views[5].cell, &found.views[5].kind), (5, &ViewKind::Mip));
    assert_eq!(fused.fusion_ratio, 0.6);

    let mut short = philips.clone();
    short.look.as_mut().unwrap().arrangements[0].cells.pop();
    let found = hang(&facts, &protocols(), &short).unwrap();
    assert_eq!((found.layout, found.views.len()), (Layout::pet_ct(), 10));
    assert!(
        found
            .reason
            .ends_with("; not arranged as in philips, which has 9 views instead of 10")
    );

    let none = WindowPresets::new(vec![]).unwrap();
    let bare = Preferences {
        windows: none,
        ..philips
    };
    let found = hang(&facts, &protocols(), &bare).unwrap();
    assert_eq!(shown(&found.views[2]).base.window, WindowRule::Auto);
}
