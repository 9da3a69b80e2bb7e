//! Studies beside each other, and screens.

use super::{
    bone_scan, breast, current, flat, hung, named, of_part, pet_ct, planar, shown, volume, with_prior,
};
use crate::presentation::hanging::{
    Content, Facts, Hung, Laterality, MAX_SCREENS, Preferences, Protocol, ScreenFacts, SeriesFacts,
    StudyFacts, ViewKind, hang, protocol, protocols,
};
use crate::presentation::{Layout, WindowPresets};

/// The current study and earlier ones, the latest first.
fn studies(all: Vec<Vec<SeriesFacts>>) -> Facts {
    let study = |(prior, series): (usize, Vec<SeriesFacts>)| StudyFacts {
        prior: prior as u32,
        series,
    };
    Facts {
        studies: all.into_iter().enumerate().map(study).collect(),
        screens: vec![ScreenFacts::default()],
    }
}

/// Study and series in each cell, and what is missing as `None`.
fn places(found: &Hung) -> Vec<Option<(usize, usize)>> {
    let place = |content: &Content| match content {
        Content::Shown(shown) => Some((shown.base.series.study, shown.base.series.series)),
        Content::Empty(_) => None,
    };
    found.views.iter().map(|view| place(&view.content)).collect()
}

#[test]
fn every_kind_of_study_is_compared_with_its_prior() {
    let both = |series: Vec<SeriesFacts>, expected: &str| {
        let found = hung(&studies(vec![series.clone(), series]));
        assert_eq!(found.protocol, expected, "{}", found.reason);
        let studies = places(&found)
            .into_iter()
            .map(|place| place.map(|(study, _)| study));
        let studies: Vec<_> = studies.map(|study| study.expect("all is there")).collect();
        let current = studies.iter().filter(|study| **study == 0).count();
        assert_eq!(current * 2, studies.len(), "{expected}: {studies:?}");
        assert!(
            found.reason.contains("it needs 2 of 2 studies"),
            "{}",
            found.reason
        );
    };
    both(pet_ct(), "pet-ct-compare");
    both(
        vec![volume("MR", 200, "1"), volume("PT", 127, "1")],
        "pet-mr-compare",
    );
    both(
        vec![volume("CT", 200, "1"), volume("NM", 128, "1")],
        "spect-ct-compare",
    );
    both(vec![volume("PT", 300, "1")], "pet-compare");
    both(vec![volume("NM", 128, "1")], "spect-compare");
    both(vec![volume("CT", 300, "1")], "ct-compare");
    both(vec![of_part("CHEST", volume("CT", 300, "1"))], "ct-compare");
    both(vec![volume("MR", 30, "1")], "mr-compare");
    both(vec![bone_scan()], "bone-scan-compare");
    both(vec![planar("WHOLE BODY", 2)], "whole-body-planar-compare");
    both(vec![flat("DX")], "dx-compare");
    both(vec![flat("CR"), flat("DX")], "dx-two-compare");
    both(vec![flat("US")], "studies-two");
    let (right, left) = (Laterality::Right, Laterality::Left);
    let breasts = [(left, "MLO"), (right, "MLO"), (left, "CC"), (right, "CC")];
    both(
        breasts.map(|(side, view)| breast(side, view)).into(),
        "mg-compare",
    );
}

#[test]
fn up_to_five_studies_are_seen_together() {
    for (count, expected) in [
        (2, "pet-ct-compare"),
        (3, "pet-ct-compare-three"),
        (4, "pet-ct-compare-four"),
        (5, "pet-ct-compare-five"),
    ] {
        let found = hung(&studies(vec![pet_ct(); count]));
        assert_eq!(found.protocol, expected, "{}", found.reason);
        let rows = places(&found);
        assert_eq!(rows.len(), 4 * count);
        for (n, place) in rows.iter().enumerate() {
            assert_eq!(place.map(|(study, _)| study), Some(n / 4), "{expected}, view {n}");
        }
        // One change of the window is one of all, each series by its unit.
        let group = |n: usize| shown(&found.views[n]).links.window.clone();
        assert!((0..rows.len()).all(|n| group(n) == group(0) && group(n).is_some()));
    }
    for (count, expected) in [(2, "two"), (3, "three"), (4, "four"), (5, "five")] {
        let mixed = [
            flat("US"),
            volume("CT", 300, "1"),
            flat("DX"),
            volume("MR", 30, "2"),
            flat("MG"),
        ];
        let mixed = mixed[..count].iter().map(|series| vec![series.clone()]);
        let found = hung(&studies(mixed.collect()));
        assert_eq!(found.protocol, format!("studies-{expected}"));
        let seen: Vec<_> = places(&found).into_iter().flatten().collect();
        assert_eq!(seen, (0..count).map(|n| (n, 0)).collect::<Vec<_>>());
    }
    let found = hung(&studies(vec![pet_ct(), vec![volume("MR", 30, "3")]]));
    assert_eq!(found.protocol, "pet-ct-beside");
    assert_eq!(places(&found).last(), Some(&Some((1, 0))));
}

#[test]
fn the_prior_that_is_most_alike_is_taken() {
    let chest = of_part("CHEST", named("Thorax 1 mm", volume("CT", 300, "1")));
    let prior = vec![
        of_part("ABDOMEN", named("Thorax 1 mm", volume("CT", 900, "2"))),
        of_part("Chest", named("Thorax 5 mm", volume("CT", 800, "2"))),
        of_part("chest", named("THORAX 1 MM ", volume("CT", 300, "2"))),
        volume("CT", 950, "2"),
    ];
    let found = hung(&studies(vec![vec![chest], prior.clone()]));
    assert_eq!(places(&found)[3], Some((1, 2)));
    // Without a part to go by, none is the same.
    let found = hung(&studies(vec![vec![volume("CT", 300, "1")], prior]));
    assert_eq!(places(&found)[3], Some((1, 3)));
    let mut protocol = protocol("ct-compare").unwrap();
    assert_eq!(
        protocol.series[1].prefer[0].words(),
        "of the part of the body of ct"
    );
    assert_eq!(protocol.series[1].prefer[1].words(), "called as ct");
    protocol.series[1].prefer[0].same_body_part_as = Some("nobody".into());
    let refused = protocol.check(&WindowPresets::default()).unwrap_err().to_string();
    assert!(
        refused.contains("expected the name of an earlier series, found \"nobody\""),
        "{refused}"
    );
}

#[test]
fn both_dates_of_a_bone_scan_show_front_and_back() {
    let found = hung(&studies(vec![vec![bone_scan()], vec![bone_scan()]]));
    let frames: Vec<_> = found.views.iter().map(|view| shown(view).base.frame).collect();
    assert_eq!(frames, [Some(0), Some(1), Some(0), Some(1)]);
}

#[test]
fn images_without_a_volume_are_asked_for_as_stacks_or_tiles() {
    for protocol in protocols() {
        for view in &protocol.views {
            let of = |name: &str| protocol.series.iter().find(|series| series.name == name).unwrap();
            let layers = std::iter::once(&view.base).chain(&view.overlays);
            for series in layers.map(|layer| of(&layer.series)) {
                let is_cut = !matches!(view.kind, ViewKind::Stack | ViewKind::Tiles { .. });
                assert!(
                    !is_cut || series.is.volume == Some(true),
                    "{}: {} needs a volume",
                    protocol.name,
                    series.name
                );
            }
        }
    }
}

#[test]
fn a_second_screen_is_used_where_there_is_one() {
    let mut facts = with_prior(current(pet_ct()), pet_ct());
    let screen = ScreenFacts {
        width: 2560,
        height: 1440,
    };
    facts.screens = vec![screen; 2];
    let found = hung(&facts);
    assert_eq!(found.protocol, "pet-ct-compare-two-screens");
    assert_eq!(
        (found.layout.clone(), found.further_screens.len()),
        (Layout::pet_ct(), 1)
    );
    // Current on the main screen (study 1 of these facts), prior on the other.
    for view in &found.views {
        assert_eq!(shown(view).base.series.study, 1 - view.screen);
    }
    assert_eq!(found.views.iter().filter(|view| view.screen == 1).count(), 10);
    facts.screens.truncate(1);
    assert_eq!(hung(&facts).protocol, "pet-ct-compare");
    let only = [protocol("pet-ct-compare-two-screens").unwrap()];
    assert!(hang(&facts, &only, &Preferences::default()).is_err());
    // Who has only the current study keeps the other screen free.
    facts.screens = vec![screen; 2];
    facts.studies.retain(|study| study.prior == 0);
    assert_eq!(hung(&facts).protocol, "pet-ct");
}

#[test]
fn screens_that_are_not_there_are_refused() {
    let good = protocol("mg-compare-two-screens").unwrap();
    let check = |change: &dyn Fn(&mut Protocol), expected: &str| {
        let mut protocol = good.clone();
        change(&mut protocol);
        let refused = protocol.check(&WindowPresets::default()).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    };
    check(
        &|protocol| protocol.views[0].screen = 2,
        "view 0: the protocol has 2 screens, found screen 2",
    );
    check(
        &|protocol| protocol.views[4].screen = 0,
        "view 4: a cell shows one view, found cell 0 again",
    );
    check(
        &|protocol| protocol.further_screens.clear(),
        "views must be 1 to 4, found 8",
    );
    check(
        &|protocol| {
            let more = protocol.further_screens[0].clone();
            protocol.further_screens = vec![more; MAX_SCREENS];
        },
        "screens must be 1 to 4, found 5",
    );
}
