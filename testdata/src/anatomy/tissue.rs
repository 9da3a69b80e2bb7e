//! What parts of the body are made of: CT number, tracer uptake, organ, texture.
//!
//! CT numbers at 120 kV and FDG uptakes an hour after injection are round values from the middle of what
//! clinical scans show.

/// A part of the body that has a name in label maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Organ {
    None = 0,
    Fat = 1,
    Muscle = 2,
    Lung = 3,
    Bone = 4,
    Brain = 5,
    Heart = 6,
    Aorta = 7,
    Liver = 8,
    Spleen = 9,
    Kidney = 10,
    UrinaryTract = 11,
    Stomach = 12,
    Bowel = 13,
    Gland = 14,
    SpinalCord = 15,
    Airway = 16,
}

impl Organ {
    /// All of them, by number.
    pub const ALL: [Self; 17] = [
        Self::None,
        Self::Fat,
        Self::Muscle,
        Self::Lung,
        Self::Bone,
        Self::Brain,
        Self::Heart,
        Self::Aorta,
        Self::Liver,
        Self::Spleen,
        Self::Kidney,
        Self::UrinaryTract,
        Self::Stomach,
        Self::Bowel,
        Self::Gland,
        Self::SpinalCord,
        Self::Airway,
    ];

    /// Name for files and people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "other",
            Self::Fat => "fat",
            Self::Muscle => "muscle",
            Self::Lung => "lung",
            Self::Bone => "bone",
            Self::Brain => "brain",
            Self::Heart => "heart",
            Self::Aorta => "aorta",
            Self::Liver => "liver",
            Self::Spleen => "spleen",
            Self::Kidney => "kidney",
            Self::UrinaryTract => "urinary tract",
            Self::Stomach => "stomach",
            Self::Bowel => "bowel",
            Self::Gland => "gland",
            Self::SpinalCord => "spinal cord",
            Self::Airway => "airway",
        }
    }
}

/// How a tissue varies from place to place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Texture {
    /// Not at all.
    Even,
    /// Slow variation: CT numbers by `hu`, uptake by the fraction `uptake`, over `size_mm`.
    Patchy { hu: f32, uptake: f32, size_mm: f32 },
    /// Muscles with fat between them, `size_mm` apart.
    Bundles { size_mm: f32 },
    /// Grey matter folded into white matter.
    Gyri,
}

/// A tissue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tissue {
    /// CT number, HU.
    pub hu: f32,
    /// Uptake, SUV by body weight.
    pub suv: f32,
    /// What it belongs to.
    pub organ: Organ,
    /// How it varies.
    pub texture: Texture,
}

impl Tissue {
    const fn even(hu: f32, suv: f32, organ: Organ) -> Self {
        Self {
            hu,
            suv,
            organ,
            texture: Texture::Even,
        }
    }

    const fn patchy(hu: f32, suv: f32, organ: Organ, by_hu: f32, uptake: f32, size_mm: f32) -> Self {
        Self {
            hu,
            suv,
            organ,
            texture: Texture::Patchy {
                hu: by_hu,
                uptake,
                size_mm,
            },
        }
    }

    /// The same tissue with another uptake.
    pub const fn with_suv(self, suv: f32) -> Self {
        Self { suv, ..self }
    }

    pub const AIR: Self = Self::even(-1000.0, 0.0, Organ::None);
    pub const SKIN: Self = Self::even(5.0, 0.35, Organ::None);
    pub const FAT: Self = Self::patchy(-102.0, 0.25, Organ::Fat, 8.0, 0.1, 14.0);
    pub const MUSCLE: Self = Self {
        texture: Texture::Bundles { size_mm: 19.0 },
        ..Self::even(52.0, 0.65, Organ::Muscle)
    };
    pub const PLAIN_MUSCLE: Self = Self::patchy(50.0, 0.65, Organ::Muscle, 6.0, 0.1, 9.0);
    pub const CARTILAGE: Self = Self::patchy(105.0, 0.5, Organ::None, 15.0, 0.1, 6.0);
    pub const CORTICAL: Self = Self::patchy(1050.0, 0.6, Organ::Bone, 120.0, 0.1, 9.0);
    pub const THIN_BONE: Self = Self::patchy(620.0, 0.8, Organ::Bone, 90.0, 0.1, 7.0);
    pub const MARROW: Self = Self::patchy(190.0, 1.25, Organ::Bone, 45.0, 0.12, 5.0);
    pub const YELLOW_MARROW: Self = Self::patchy(-40.0, 0.45, Organ::Bone, 15.0, 0.1, 9.0);
    pub const DISC: Self = Self::even(82.0, 0.7, Organ::None);
    pub const CORD: Self = Self::even(36.0, 1.5, Organ::SpinalCord);
    pub const FLUID: Self = Self::even(8.0, 0.5, Organ::None);
    pub const LUNG: Self = Self::patchy(-845.0, 0.42, Organ::Lung, 28.0, 0.12, 22.0);
    pub const LUNG_VESSEL: Self = Self::even(38.0, 1.2, Organ::Lung);
    pub const GAS: Self = Self::even(-980.0, 0.1, Organ::Airway);
    pub const AIRWAY_WALL: Self = Self::even(20.0, 0.8, Organ::Airway);
    pub const BLOOD: Self = Self::even(44.0, 1.65, Organ::Aorta);
    pub const VEIN: Self = Self::even(44.0, 1.6, Organ::None);
    pub const CALCIFICATION: Self = Self::even(520.0, 1.0, Organ::Aorta);
    pub const HEART_BLOOD: Self = Self::even(43.0, 1.65, Organ::Heart);
    pub const MYOCARDIUM: Self = Self::patchy(50.0, 3.4, Organ::Heart, 4.0, 0.22, 24.0);
    pub const THIN_MYOCARDIUM: Self = Self::patchy(48.0, 1.8, Organ::Heart, 4.0, 0.1, 20.0);
    pub const LIVER: Self = Self::patchy(60.0, 2.2, Organ::Liver, 4.0, 0.05, 26.0);
    pub const LIVER_VESSEL: Self = Self::even(42.0, 1.9, Organ::Liver);
    pub const SPLEEN: Self = Self::patchy(52.0, 1.8, Organ::Spleen, 3.0, 0.05, 18.0);
    pub const KIDNEY: Self = Self::patchy(34.0, 3.2, Organ::Kidney, 3.0, 0.12, 12.0);
    pub const URINE: Self = Self::even(7.0, 9.0, Organ::UrinaryTract);
    pub const BLADDER_WALL: Self = Self::even(35.0, 1.2, Organ::UrinaryTract);
    pub const STOMACH_WALL: Self = Self::patchy(42.0, 1.7, Organ::Stomach, 4.0, 0.25, 20.0);
    pub const STOMACH_FLUID: Self = Self::patchy(18.0, 0.5, Organ::Stomach, 10.0, 0.1, 12.0);
    pub const BOWEL_WALL: Self = Self::patchy(40.0, 1.3, Organ::Bowel, 5.0, 0.4, 45.0);
    pub const BOWEL_CONTENT: Self = Self::patchy(22.0, 0.8, Organ::Bowel, 22.0, 0.2, 8.0);
    pub const BOWEL_GAS: Self = Self::even(-960.0, 0.2, Organ::Bowel);
    pub const PANCREAS: Self = Self::patchy(38.0, 1.3, Organ::None, 12.0, 0.15, 6.0);
    pub const BILE: Self = Self::even(9.0, 0.6, Organ::None);
    pub const GLAND: Self = Self::patchy(35.0, 2.0, Organ::Gland, 12.0, 0.15, 8.0);
    pub const THYROID: Self = Self::even(95.0, 1.5, Organ::Gland);
    pub const PROSTATE: Self = Self::patchy(42.0, 1.6, Organ::None, 4.0, 0.15, 9.0);
    pub const GREY_MATTER: Self = Self::even(38.0, 9.5, Organ::Brain);
    pub const BRAIN: Self = Self {
        texture: Texture::Gyri,
        ..Self::even(30.0, 3.6, Organ::Brain)
    };
    pub const CEREBELLUM: Self = Self::patchy(36.0, 7.2, Organ::Brain, 3.0, 0.12, 5.0);
    pub const TOOTH: Self = Self::even(1900.0, 0.4, Organ::Bone);
    pub const LENS: Self = Self::even(85.0, 0.5, Organ::None);
}
