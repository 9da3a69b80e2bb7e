//! What a process of a site does.

use serde::{Deserialize, Serialize};

/// A part of the service. A site of one process has all of them; one of several nodes says which are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    All,
    /// DICOM's network, DICOMweb, the archive's interfaces.
    Pacs,
    /// Viewers: the element and the sessions that are drawn for it.
    Render,
    /// What people see: sign-in, pages.
    Web,
    /// What gateways of other sites deliver to.
    Gateway,
    /// What nobody waits for: sending on, verifying, compressing, moving to the colder store, tidying. Of several one works.
    Worker,
}

impl Role {
    const ALL: [Self; 6] = [
        Self::All,
        Self::Pacs,
        Self::Render,
        Self::Web,
        Self::Gateway,
        Self::Worker,
    ];

    /// The word of the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Pacs => "pacs",
            Self::Render => "render",
            Self::Web => "web",
            Self::Gateway => "gateway",
            Self::Worker => "worker",
        }
    }

    /// Reads [`Role::word`].
    ///
    /// # Errors
    ///
    /// The words that there are.
    pub fn from_word(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.word() == word);
        found.ok_or_else(|| format!("expected {}", Self::ALL.map(Self::word).join(", ")))
    }
}

/// Whether a process with these roles has this one.
#[must_use]
pub fn has(roles: &[Role], role: Role) -> bool {
    roles.contains(&Role::All) || roles.contains(&role)
}
