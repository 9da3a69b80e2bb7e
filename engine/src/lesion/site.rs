//! Where in the body a lesion lies, in words.

use crate::geometry::{Patient, Point};
use crate::lesion::body::Body;
use crate::lesion::evidence::Hot;

/// Left or right of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The patient's left.
    Left,
    /// The patient's right.
    Right,
}

/// A part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// Head: face, skull's inside, base.
    Head,
    /// Neck.
    Neck,
    /// Above the collar bones.
    Supraclavicular,
    /// Armpit.
    Axilla,
    /// Between the lungs.
    Mediastinum,
    /// Lung.
    Lung,
    /// Wall of the chest, breast, pleura.
    ChestWall,
    /// Liver.
    Liver,
    /// Spleen and what lies around it.
    Spleen,
    /// Abdomen in front of the retroperitoneum.
    Abdomen,
    /// Behind the peritoneum: around the great vessels, kidneys, adrenals.
    Retroperitoneum,
    /// Pelvis.
    Pelvis,
    /// Groin.
    Inguinal,
    /// Skull and jaws.
    Skull,
    /// Vertebrae of the neck.
    CervicalSpine,
    /// Vertebrae of the chest.
    ThoracicSpine,
    /// Lumbar vertebrae.
    LumbarSpine,
    /// Sacrum, iliac bones, pubis, ischium.
    PelvicBone,
    /// Ribs.
    Rib,
    /// Breastbone.
    Sternum,
    /// Shoulder blade, collar bone, head of the humerus.
    ShoulderGirdle,
    /// Bones of the arm.
    ArmBone,
    /// Bones of the leg.
    LegBone,
    /// Soft tissue of an arm.
    Arm,
    /// Soft tissue of a leg.
    Leg,
    /// The image shows no landmark that tells.
    Unknown,
}

impl Region {
    /// English words for files and people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Neck => "neck",
            Self::Supraclavicular => "supraclavicular",
            Self::Axilla => "axilla",
            Self::Mediastinum => "mediastinum",
            Self::Lung => "lung",
            Self::ChestWall => "chest wall",
            Self::Liver => "liver",
            Self::Spleen => "spleen",
            Self::Abdomen => "abdomen",
            Self::Retroperitoneum => "retroperitoneum",
            Self::Pelvis => "pelvis",
            Self::Inguinal => "inguinal",
            Self::Skull => "skull",
            Self::CervicalSpine => "cervical spine",
            Self::ThoracicSpine => "thoracic spine",
            Self::LumbarSpine => "lumbar spine",
            Self::PelvicBone => "pelvic bone",
            Self::Rib => "rib",
            Self::Sternum => "sternum",
            Self::ShoulderGirdle => "shoulder girdle",
            Self::ArmBone => "bone of the arm",
            Self::LegBone => "bone of the leg",
            Self::Arm => "arm",
            Self::Leg => "leg",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is part of the skeleton.
    #[must_use]
    pub const fn is_skeleton(self) -> bool {
        matches!(
            self,
            Self::Skull
                | Self::CervicalSpine
                | Self::ThoracicSpine
                | Self::LumbarSpine
                | Self::PelvicBone
                | Self::Rib
                | Self::Sternum
                | Self::ShoulderGirdle
                | Self::ArmBone
                | Self::LegBone
        )
    }

    /// Whether sides are told apart.
    const fn is_paired(self) -> bool {
        !matches!(
            self,
            Self::Mediastinum
                | Self::Liver
                | Self::Spleen
                | Self::CervicalSpine
                | Self::ThoracicSpine
                | Self::LumbarSpine
                | Self::Sternum
                | Self::Unknown
        )
    }
}

/// A part of the body and its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site {
    /// The part.
    pub region: Region,
    /// The side; `None` for what lies in the middle or has no sides.
    pub side: Option<Side>,
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = match self.side {
            Some(Side::Left) => "left ",
            Some(Side::Right) => "right ",
            None => "",
        };
        let skeleton = if self.region.is_skeleton() {
            "skeleton: "
        } else {
            ""
        };
        write!(f, "{skeleton}{side}{}", self.region.label())
    }
}

/// How far from the middle a side begins, mm.
const MIDDLE_MM: f64 = 12.0;
/// How much of the surroundings must be bone or lung for a lesion to lie there.
const BONE_SHARE: f64 = 0.35;
const LUNG_SHARE: f64 = 0.3;

/// Names the site of a basin; `liver` are the cubes that take up as the liver does.
pub(super) fn site_of(body: &Body, hot: &Hot, liver: Option<&[bool]>) -> Site {
    let region = region(body, hot, liver);
    let sided = region.is_paired() && hot.side_mm.abs() > MIDDLE_MM;
    let side = if hot.side_mm > 0.0 {
        Side::Left
    } else {
        Side::Right
    };
    Site {
        region,
        side: sided.then_some(side),
    }
}

fn region(body: &Body, hot: &Hot, liver: Option<&[bool]>) -> Region {
    let legs = body.section(hot.basin.max_at).is_some_and(|s| s.legs);
    let is_bone = hot.bone > BONE_SHARE;
    let Some(height) = hot.height else {
        return match (legs, is_bone) {
            (true, true) => Region::LegBone,
            (true, false) => Region::Leg,
            _ => Region::Unknown,
        };
    };
    if !hot.in_trunk && hot.side_mm.abs() > 80.0 {
        return if is_bone { Region::ArmBone } else { Region::Arm };
    }
    if is_bone {
        return bone_at(height, hot);
    }
    if hot.lung > LUNG_SHARE {
        return Region::Lung;
    }
    if liver.is_some_and(|liver| surrounded(body, liver, hot.basin.center)) {
        return Region::Liver;
    }
    soft_tissue_at(height, hot, legs)
}

/// Whether a place lies in or among the cubes of a set: looked for in all directions, 30 mm far.
fn surrounded(body: &Body, cells: &[bool], place: Point<Patient>) -> bool {
    let lattice = &body.lattice;
    let met = (0..3).map(|axis| {
        let meets = |sign: f64| {
            (1..=8).any(|step| {
                let mut at = place.xyz;
                at[axis] += sign * f64::from(step) * lattice.step_mm;
                body.holds(cells, Point::from(at))
            })
        };
        usize::from(meets(1.0)) + usize::from(meets(-1.0))
    });
    met.sum::<usize>() >= 4
}

fn bone_at(height: f64, hot: &Hot) -> Region {
    let aside = hot.side_mm.abs();
    let is_spine = aside < 32.0 && hot.depth > 0.4;
    match height {
        h if h < 215.0 => Region::Skull,
        h if h < 300.0 && is_spine => Region::CervicalSpine,
        h if h < 610.0 && is_spine => Region::ThoracicSpine,
        h if h < 765.0 && is_spine => Region::LumbarSpine,
        h if h < 420.0 && aside > 105.0 => Region::ShoulderGirdle,
        h if h < 345.0 => Region::ShoulderGirdle,
        h if h < 540.0 && aside < 35.0 && hot.depth < 0.35 => Region::Sternum,
        h if h < 700.0 => Region::Rib,
        h if h < 835.0 || aside < 78.0 && h < 945.0 => Region::PelvicBone,
        _ => Region::LegBone,
    }
}

fn soft_tissue_at(height: f64, hot: &Hot, legs: bool) -> Region {
    let aside = hot.side_mm.abs();
    match height {
        h if h < 185.0 => Region::Head,
        h if h < 272.0 => Region::Neck,
        h if h < 322.0 && aside > 25.0 => Region::Supraclavicular,
        h if h < 300.0 => Region::Neck,
        h if h < 470.0 && aside > 95.0 => Region::Axilla,
        h if h < 545.0 && aside < 75.0 && hot.depth > 0.1 => Region::Mediastinum,
        h if h < 520.0 => Region::ChestWall,
        h if h < 660.0 && hot.side_mm > 62.0 && hot.depth > 0.45 && h < 615.0 => Region::Spleen,
        h if h < 775.0 && hot.depth > 0.42 => Region::Retroperitoneum,
        h if h < 775.0 => Region::Abdomen,
        _ if legs => Region::Leg,
        h if hot.depth < 0.3 && aside > 35.0 && h > 820.0 => Region::Inguinal,
        h if h < 960.0 => Region::Pelvis,
        _ => Region::Leg,
    }
}
