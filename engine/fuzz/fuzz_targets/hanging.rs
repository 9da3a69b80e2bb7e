//! Any bytes as a hanging protocol and as a look: a value or an error; a protocol is hung.
#![no_main]

use engine::presentation::WindowPresets;
use engine::presentation::hanging::{
    Facts, Look, Preferences, Protocol, ScreenFacts, SeriesFacts, StudyFacts, hang,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let windows = WindowPresets::default();
    let look = Look::read(bytes, &windows).ok();
    let Ok(protocol) = Protocol::read(bytes, &windows) else {
        return;
    };
    let series = ["CT", "PT", "NM"].map(|modality| SeriesFacts {
        modality: modality.to_owned(),
        has_volume: true,
        is_emission: modality != "CT",
        ..SeriesFacts::default()
    });
    let study = |prior| StudyFacts {
        prior,
        series: series.to_vec(),
    };
    let facts = Facts {
        studies: vec![study(0), study(1)],
        screens: vec![ScreenFacts::default(); 2],
    };
    let preferences = Preferences {
        look,
        ..Preferences::default()
    };
    let _ = hang(&facts, &[protocol], &preferences);
});
