//! What people of each role ask for, and how often.

/// A role of the mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Doctor,
    Administrator,
    System,
    Security,
    Audit,
}

impl Role {
    pub const ALL: [Self; 5] = [
        Self::Doctor,
        Self::Administrator,
        Self::System,
        Self::Security,
        Self::Audit,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::Administrator => "administrator",
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }

    /// Pages of a hundred that are this role's.
    pub fn share(self) -> u64 {
        match self {
            Self::Doctor => 60,
            Self::Administrator => 20,
            Self::System | Self::Security => 8,
            Self::Audit => 4,
        }
    }

    /// Addresses with how many of this role's requests of a hundred they are. `{word}` is a part of a name, `{day}` a date.
    pub fn pages(self) -> &'static [(u64, &'static str)] {
        match self {
            Self::Doctor => &[
                (15, "/"),
                (
                    30,
                    "/dicom-web/studies?StudyDate={day}&limit=50&includefield=00081030",
                ),
                (20, "/dicom-web/studies?PatientName=*{word}*&limit=50"),
                (5, "/dicom-web/studies?ModalitiesInStudy=PT&limit=50&offset=50"),
                (10, "/notifications"),
                (10, "/log"),
                (10, "/workbench"),
            ],
            Self::Administrator => &[
                (20, "/members"),
                (25, "/members?q={word}"),
                (10, "/members?state=active&after={number}"),
                (10, "/roles"),
                (10, "/devices"),
                (10, "/dockings"),
                (10, "/dictionary"),
                (5, "/organisation"),
            ],
            Self::System => &[
                (40, "/platform/organisations"),
                (30, "/platform/dictionary"),
                (30, "/"),
            ],
            Self::Security => &[
                (30, "/platform/accounts"),
                (40, "/platform/accounts?q={word}"),
                (20, "/platform/accounts?state=active&after={number}"),
                (10, "/platform/verification"),
            ],
            Self::Audit => &[(60, "/platform/audit"), (40, "/platform/audit?q=登录")],
        }
    }
}

/// Parts of names that are searched for, in characters and in pinyin.
pub const WORDS: &[&str] = &["王", "李伟", "zhang", "chen", "ouyang", "静", "wl", "刘"];
