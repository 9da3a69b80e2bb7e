//! Organs whose uptake is no lesion by itself.

/// An organ that takes up by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Organ {
    /// Brain, with cerebellum and brain stem.
    Brain,
    /// Salivary glands and tonsils.
    SalivaryGlands,
    /// Muscle of the heart.
    Heart,
    /// Liver.
    Liver,
    /// Spleen.
    Spleen,
    /// Kidney with its calyces and pelvis.
    Kidney,
    /// Ureters, bladder and urethra: urine.
    UrinaryTract,
    /// Stomach.
    Stomach,
    /// Small and large bowel.
    Bowel,
    /// Marrow that is active everywhere.
    BoneMarrow,
    /// Brown fat.
    BrownFat,
    /// Where the tracer was injected, and the vein that took it up.
    InjectionSite,
    /// An organ that a label map or a person named, and no rule here knows.
    Other,
}

impl Organ {
    /// English words for files and people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Brain => "brain",
            Self::SalivaryGlands => "salivary glands",
            Self::Heart => "heart",
            Self::Liver => "liver",
            Self::Spleen => "spleen",
            Self::Kidney => "kidney",
            Self::UrinaryTract => "urinary tract",
            Self::Stomach => "stomach",
            Self::Bowel => "bowel",
            Self::BoneMarrow => "bone marrow",
            Self::BrownFat => "brown fat",
            Self::InjectionSite => "injection site",
            Self::Other => "other organ",
        }
    }
}

impl std::fmt::Display for Organ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.label())
    }
}

/// Why uptake is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Physiological {
    /// The organ.
    pub organ: Organ,
    /// What speaks for it, one sentence.
    pub reason: String,
}
