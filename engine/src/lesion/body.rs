//! The body: its outline, trunk, lungs and skeleton, and how far from the head a place lies.
//!
//! From the CT where there is one, else from the outline that the PET itself shows. All of it is coarse: it
//! says in which region a place lies, never where a lesion ends.

use crate::geometry::{Patient, Point};
use crate::lesion::heights::Heights;
use crate::lesion::lattice::{Cells, Lattice};
use crate::lesion::sections::{Section, sections};
use crate::volume::Volume;

/// Below this an averaged PET shows no body: fat takes up 0.2 to 0.3.
const OUTLINE_SUV: f32 = 0.15;
/// What of the body a CT shows begins here.
const OUTLINE_HU: f32 = -300.0;
/// Lungs are darker than this, the gas of bowels on average darker than the other.
const LUNG_HU: f32 = -500.0;
const GAS_HU: f32 = -950.0;
/// The least that counts as a lung, mL: a lobe of a child.
const LEAST_LUNG_ML: f64 = 150.0;
/// Bone as the average of a cube: its hard parts, and what goes on from them.
const CORTICAL_HU: f32 = 300.0;
const BONE_HU: f32 = 130.0;

/// What is known of the body.
pub(super) struct Body {
    /// The cubes of all sets here.
    pub lattice: Lattice,
    /// SUV of each cube, 0 outside.
    pub raw: Vec<f32>,
    /// SUV averaged over 15 mm.
    pub suv: Vec<f32>,
    /// Everything within the skin.
    pub inside: Cells,
    /// Head, trunk and legs without the arms.
    pub trunk: Cells,
    /// Each axial plane of the trunk, feet first; `None` where there is no body.
    pub sections: Vec<Option<Section>>,
    /// CT number of each cube; `None` without CT. NaN outside the CT.
    pub hu: Option<Vec<f32>>,
    /// Air in lungs; empty without CT or without lungs.
    pub lungs: Cells,
    /// The skeleton with its marrow; empty without CT.
    pub bone: Cells,
    /// How far from the head each plane lies.
    pub heights: Heights,
}

impl Body {
    /// Looks at the body.
    pub fn of(pet: &Volume, ct: Option<&Volume>) -> Self {
        let lattice = Lattice::over(pet.grid());
        let mut raw = lattice.averaged(pet);
        raw.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
        let suv = lattice.smoothed(&raw);
        let hu = ct.map(|ct| lattice.averaged(ct));
        let hu = hu.filter(|hu| hu.iter().any(|v| v.is_finite()));
        let inside = outline(&lattice, &suv, hu.as_deref());
        let (trunk, sections) = sections(&lattice, &inside);
        let none = vec![false; lattice.cells()];
        let lungs = match &hu {
            Some(hu) => lungs(&lattice, &inside, hu),
            None => none.clone(),
        };
        let bone = hu.as_ref().map_or(none, |hu| bone(&lattice, &inside, hu));
        let heights = Heights::find(&lattice, &sections, &lungs);
        Self {
            lattice,
            raw,
            suv,
            inside,
            trunk,
            sections,
            hu,
            lungs,
            bone,
            heights,
        }
    }

    /// The section of the trunk at a place; `None` above the head, below the feet or outside.
    pub fn section(&self, place: Point<Patient>) -> Option<&Section> {
        let k = (self.lattice.along(2, place[2]) + 0.5).floor();
        if k < 0.0 {
            return None;
        }
        self.sections.get(k as usize)?.as_ref()
    }

    /// Whether a set holds a place.
    pub fn holds(&self, cells: &[bool], place: Point<Patient>) -> bool {
        self.lattice
            .at(place)
            .is_some_and(|cell| cells[self.lattice.index(cell)])
    }

    /// Whether the CT shows a place.
    pub fn holds_hu(&self, place: Point<Patient>) -> bool {
        let cell = self.lattice.at(place).map(|cell| self.lattice.index(cell));
        self.hu
            .as_ref()
            .zip(cell)
            .is_some_and(|(hu, cell)| hu[cell].is_finite())
    }

    /// Share of the cubes within `reach_mm` of a place that a set holds.
    pub fn share(&self, cells: &[bool], place: Point<Patient>, reach_mm: f64) -> f64 {
        let (mut held, mut all) = (0usize, 0usize);
        self.each_near(place, reach_mm, |index| {
            all += 1;
            held += usize::from(cells[index]);
        });
        held as f64 / all.max(1) as f64
    }

    /// Shows the cubes whose centers lie within `reach_mm` of a place.
    pub fn each_near(&self, place: Point<Patient>, reach_mm: f64, mut see: impl FnMut(usize)) {
        let lattice = &self.lattice;
        let range = |axis: usize| {
            let low = (lattice.along(axis, place[axis] - reach_mm)).ceil().max(0.0) as usize;
            let high = (lattice.along(axis, place[axis] + reach_mm) + 1.0).floor();
            low..(high.max(0.0) as usize).min(lattice.size[axis])
        };
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    if lattice.place([i, j, k]).distance(place) <= reach_mm {
                        see(lattice.index([i, j, k]));
                    }
                }
            }
        }
    }
}

/// Everything within the skin; the couch, which takes up nothing, left out.
fn outline(lattice: &Lattice, suv: &[f32], hu: Option<&[f32]>) -> Cells {
    let by_pet: Cells = suv.iter().map(|v| *v > OUTLINE_SUV).collect();
    let Some(hu) = hu else {
        return lattice.filled(&lattice.opened(&by_pet, 1));
    };
    // Beyond the CT's smaller field of view only the PET shows arms.
    let seen: Cells = hu
        .iter()
        .zip(&by_pet)
        .map(|(hu, by_pet)| if hu.is_nan() { *by_pet } else { *hu > OUTLINE_HU })
        .collect();
    let opened = lattice.opened(&seen, 1);
    let (numbers, counts) = lattice.parts(&opened);
    let mut uptake = vec![0.0f64; counts.len()];
    for (number, suv) in numbers.iter().zip(suv) {
        if *number > 0 {
            uptake[*number as usize - 1] += f64::from(*suv);
        }
    }
    let is_body = |number: u32| {
        number > 0 && {
            let n = number as usize - 1;
            uptake[n] / counts[n] as f64 > f64::from(OUTLINE_SUV) * 0.5
        }
    };
    // A thin chest wall does not outlive the opening, and lungs would be outside: what lies deep in the PET's
    // outline is inside.
    let deep = lattice.shrunk(&lattice.filled(&lattice.opened(&by_pet, 1)), 2);
    let inside = numbers
        .into_iter()
        .zip(deep)
        .map(|(number, deep)| deep || is_body(number));
    lattice.filled(&inside.collect::<Cells>())
}

fn lungs(lattice: &Lattice, inside: &[bool], hu: &[f32]) -> Cells {
    let dark: Cells = inside
        .iter()
        .zip(hu)
        .map(|(inside, hu)| *inside && *hu < LUNG_HU)
        .collect();
    let (numbers, counts) = lattice.parts(&dark);
    let mut sums = vec![0.0f64; counts.len()];
    for (number, hu) in numbers.iter().zip(hu) {
        if *number > 0 {
            sums[*number as usize - 1] += f64::from(*hu);
        }
    }
    let largest = counts.iter().copied().max().unwrap_or(0);
    let is_lung = |n: usize| {
        let count = counts[n];
        count as f64 * lattice.cell_ml() >= LEAST_LUNG_ML
            && count * 7 >= largest
            && sums[n] / count as f64 > f64::from(GAS_HU)
    };
    numbers
        .iter()
        .map(|number| *number > 0 && is_lung(*number as usize - 1))
        .collect()
}

/// Hard bone, and what goes on from it within 15 mm: contrast medium in vessels is not so hard.
fn bone(lattice: &Lattice, inside: &[bool], hu: &[f32]) -> Cells {
    let hard: Cells = inside
        .iter()
        .zip(hu)
        .map(|(inside, hu)| *inside && *hu >= CORTICAL_HU)
        .collect();
    let mut bone = hard;
    for _ in 0..3 {
        let grown = lattice.grown(&bone, 1);
        for (cell, (grown, hu)) in bone.iter_mut().zip(grown.iter().zip(hu)) {
            *cell |= *grown && *hu >= BONE_HU;
        }
    }
    lattice.filled(&lattice.shrunk(&lattice.grown(&bone, 1), 1))
}
