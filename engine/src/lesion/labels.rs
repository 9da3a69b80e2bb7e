//! Organs by a label map that someone else made: it overrides the rules.

use std::collections::BTreeMap;

use crate::geometry::{Patient, Point};
use crate::lesion::organ::Organ;
use crate::volume::Volume;

/// Labels of organs as a segmentation of the CT gives them, on any grid of the same frame of reference.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelMap {
    /// A label a voxel; 0 is none.
    pub labels: Volume,
    /// What each label means, in English words such as `kidney_left` or `urinary bladder`.
    pub names: BTreeMap<u32, String>,
}

/// What a label says of uptake there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labelled {
    /// An organ that takes up by itself.
    Organ(Organ),
    /// Tissue that does not.
    Tissue,
    /// Nothing.
    Nothing,
}

impl LabelMap {
    /// The label at a place; 0 outside.
    #[must_use]
    pub fn label(&self, place: Point<Patient>) -> u32 {
        let at = self.labels.grid().voxel(place);
        let nearest = [0, 1, 2].map(|axis| (at[axis] + 0.5).floor());
        if nearest.iter().any(|n| *n < 0.0) {
            return 0;
        }
        let value = self.labels.value(nearest.map(|n| n as usize));
        value.filter(|v| *v >= 0.0).map_or(0, |v| v.round() as u32)
    }

    /// What the label at a place says.
    pub(super) fn at(&self, place: Point<Patient>) -> Labelled {
        match self.label(place) {
            0 => Labelled::Nothing,
            label => match self.names.get(&label).map(|name| organ_of(name)) {
                Some(Some(organ)) => Labelled::Organ(organ),
                Some(None) => Labelled::Tissue,
                None => Labelled::Nothing,
            },
        }
    }

    /// Organs that the map knows: elsewhere they are not.
    pub(super) fn organs(&self) -> Vec<Organ> {
        let mut organs: Vec<Organ> = self.names.values().filter_map(|name| organ_of(name)).collect();
        organs.sort_unstable();
        organs.dedup();
        organs
    }
}

/// The organ that a name of a segmentation stands for; `None` for tissue that takes up nothing by itself.
fn organ_of(name: &str) -> Option<Organ> {
    const WORDS: [(&str, Organ); 24] = [
        ("brain", Organ::Brain),
        ("cerebell", Organ::Brain),
        ("heart", Organ::Heart),
        ("myocard", Organ::Heart),
        ("ventricle", Organ::Heart),
        ("atri", Organ::Heart),
        ("liver", Organ::Liver),
        ("spleen", Organ::Spleen),
        ("kidney", Organ::Kidney),
        ("renal", Organ::Kidney),
        ("ureter", Organ::UrinaryTract),
        ("urethra", Organ::UrinaryTract),
        ("urin", Organ::UrinaryTract),
        ("bladder", Organ::UrinaryTract),
        ("stomach", Organ::Stomach),
        ("bowel", Organ::Bowel),
        ("colon", Organ::Bowel),
        ("duoden", Organ::Bowel),
        ("intestin", Organ::Bowel),
        ("rectum", Organ::Bowel),
        ("parotid", Organ::SalivaryGlands),
        ("submandib", Organ::SalivaryGlands),
        ("saliva", Organ::SalivaryGlands),
        ("tonsil", Organ::SalivaryGlands),
    ];
    let name = name.to_lowercase();
    let no_urine = ["gall", "adrenal", "suprarenal", "artery", "vein"];
    if no_urine.iter().any(|word| name.contains(word)) {
        return None;
    }
    if name == "gland" || name == "glands" {
        return Some(Organ::SalivaryGlands);
    }
    WORDS
        .iter()
        .find(|(word, _)| name.contains(word))
        .map(|(_, organ)| *organ)
}

#[cfg(test)]
mod tests {
    use super::organ_of;
    use crate::lesion::organ::Organ;

    #[test]
    fn names_of_common_segmentations_are_known() {
        for (name, organ) in [
            ("kidney_left", Some(Organ::Kidney)),
            ("Urinary Bladder", Some(Organ::UrinaryTract)),
            ("gallbladder", None),
            ("adrenal_gland_right", None),
            ("heart_atrium_left", Some(Organ::Heart)),
            ("small_bowel", Some(Organ::Bowel)),
            ("vertebrae_L1", None),
            ("Left parotid gland", Some(Organ::SalivaryGlands)),
        ] {
            assert_eq!(organ_of(name), organ, "{name}");
        }
    }
}
