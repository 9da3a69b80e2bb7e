use super::{WindowPreset, WindowPresetError, WindowPresets, ct_window};
use crate::colormap::Window;

fn preset(name: &str, width: f64) -> WindowPreset {
    WindowPreset {
        name: name.into(),
        title_zh: "肝脏".into(),
        title_en: "Liver".into(),
        modality: "CT".into(),
        body_parts: vec!["LIVER".into()],
        window: Window::linear(60.0, width),
    }
}

#[test]
fn presets_are_found_by_name() {
    assert_eq!(ct_window("Lung"), Some(Window::linear(-500.0, 1500.0)));
    assert_eq!(ct_window("soft tissue"), Some(Window::linear(40.0, 400.0)));
    assert_eq!(ct_window("liver of a fish"), None);
    let presets = WindowPresets::default();
    let suv = presets.named("pt", "SUV 0 7").unwrap();
    assert_eq!(suv.window, Window::between(0.0, 7.0));
    assert!(presets.named("CT", "suv_0_7").is_none());
}

#[test]
fn the_standard_set_is_a_set() {
    let presets = WindowPresets::default();
    assert_eq!(
        WindowPresets::new(presets.presets().to_vec()),
        Ok(presets.clone())
    );
    for preset in presets.of_modality("CT") {
        assert!(
            preset.title_zh.chars().any(|letter| letter > '\u{2e80}'),
            "{}",
            preset.name
        );
    }
    assert_eq!(presets.of_modality("PT").count(), 5);
}

fn check(body_part: &str, expected: &[&str]) {
    let presets = WindowPresets::default();
    let found: Vec<_> = presets
        .for_body_part("CT", body_part)
        .iter()
        .map(|preset| preset.name.clone())
        .collect();
    assert_eq!(found[..expected.len()], *expected, "{body_part}");
    assert_eq!(found[found.len() - 4..], ["soft_tissue", "bone", "fat", "mip"]);
}

#[test]
fn presets_of_a_part_come_first() {
    check("HEAD", &["brain", "stroke", "subdural", "temporal_bone"]);
    check("BRAIN", &["brain", "stroke", "subdural"]);
    check("chest", &["mediastinum", "lung", "pulmonary_artery"]);
    check("LUNG", &["lung", "pulmonary_artery", "mediastinum"]);
    check("ABDOMEN", &["abdomen", "liver", "spleen", "pancreas", "kidney"]);
    check("L SPINE", &["spine", "spine_bone"]);
    check("IAC", &["temporal_bone"]);
    check("KNEE", &["limbs", "limb_bone"]);
    check("AORTA", &["angiography"]);
    check("", &["soft_tissue"]);
    check("TAIL", &["soft_tissue"]);
}

#[test]
fn what_is_no_set_is_refused() {
    let found = |presets| WindowPresets::new(presets).unwrap_err();
    assert_eq!(
        found(vec![preset("Liver", 1.0), preset("liver", 2.0)]),
        WindowPresetError::Twice("liver".into())
    );
    assert_eq!(
        found(vec![preset("liver", 0.0)]).to_string(),
        "the window of preset \"liver\" must be finite and its width positive, found width 0"
    );
    assert!(matches!(
        found(vec![preset("liver", f64::NAN)]),
        WindowPresetError::Window { .. }
    ));
    assert_eq!(
        found(vec![preset(" ", 1.0)]),
        WindowPresetError::Unnamed(" ".into())
    );
    assert_eq!(
        found(vec![preset("liver", 1.0); 513]),
        WindowPresetError::Count(513)
    );
    let mut pet = preset("liver", 2.0);
    pet.modality = "PT".into();
    assert!(WindowPresets::new(vec![preset("liver", 1.0), pet]).is_ok());
}
