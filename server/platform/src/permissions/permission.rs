//! What a role can hold.

/// Of which kind of organisation a role is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The platform itself.
    Platform,
    /// A hospital: it has studies and asks for reports.
    Hospital,
    /// A diagnosis team: it reports for hospitals.
    Team,
    /// A nuclear-medicine department.
    Department,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Hospital, Self::Team, Self::Department];

    /// The word of the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Hospital => "hospital",
            Self::Team => "team",
            Self::Department => "department",
        }
    }

    /// Reads [`Kind::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])* $name:ident $word:literal $administrative:literal [$($kind:ident)*]),* $(,)?) => {
        /// One thing that a role can hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission {
            $($(#[doc = $doc])* $name,)*
        }

        impl Permission {
            /// All, in the order that people read them in.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word of the table and of the policies.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// Whether it changes what others may: it takes a second factor.
            #[must_use]
            pub fn is_administrative(self) -> bool {
                match self { $(Self::$name => $administrative),* }
            }

            /// The kinds of organisations whose roles can hold it.
            #[must_use]
            pub fn kinds(self) -> &'static [Kind] {
                match self { $(Self::$name => &[$(Kind::$kind),*]),* }
            }
        }
    };
}

permissions! {
    /// Finding and seeing studies.
    StudiesView "studies-view" false [Hospital Team Department],
    /// Seeing studies that are not published to clinicians yet (NM-25).
    StudiesUnpublished "studies-unpublished" false [Hospital Team Department],
    /// Deciding which studies are published, and when (NM-25).
    StudiesPublish "studies-publish" false [Hospital Department],
    /// Taking patient data away as files (ACC-35).
    StudiesExport "studies-export" false [Hospital Team Department],
    /// Adding images.
    StudiesSend "studies-send" false [Hospital Department],
    /// Correcting, merging, rejecting, holding.
    StudiesCorrect "studies-correct" false [Hospital Department],
    /// Adding and changing scheduled procedure steps.
    StudiesSchedule "studies-schedule" false [Hospital Department],
    /// Writing and signing reports.
    ReportsWrite "reports-write" false [Hospital Team Department],
    /// Reviewing reports.
    ReportsReview "reports-review" false [Hospital Team Department],
    /// Judging the quality of images and reports.
    ReportsQuality "reports-quality" false [Hospital Team Department],
    /// The organisation's record.
    Organisation "organisation" true [Hospital Team Department],
    /// Members.
    Members "members" true [Hospital Team Department],
    /// Roles.
    Roles "roles" true [Hospital Team Department],
    /// Devices.
    Devices "devices" true [Hospital Department],
    /// Cooperation with other organisations.
    Dockings "dockings" true [Hospital Team],
    /// The organisation's own dictionaries.
    Dictionary "dictionary" true [Hospital Team Department],
    /// What everybody in the organisation did.
    Log "log" true [Hospital Team Department],
    /// System administrator: organisations.
    Organisations "organisations" true [Platform],
    /// System administrator: the dictionaries that all share.
    SharedDictionary "shared-dictionary" true [Platform],
    /// System administrator: jobs and messages.
    Jobs "jobs" true [Platform],
    /// System administrator: servers, storage, alarms.
    Monitoring "monitoring" true [Platform],
    /// Security administrator: registrations, accounts.
    Accounts "accounts" true [Platform],
    /// Security administrator: doctors' documents.
    Verification "verification" true [Platform],
    /// Security administrator: who the platform's administrators are.
    Appointments "appointments" true [Platform],
    /// Security administrator: programs of others that use the API.
    Clients "clients" true [Platform],
    /// Audit administrator: the journal.
    Audit "audit" true [Platform],
}

impl Permission {
    /// Reads [`Permission::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.word() == word)
    }

    /// Those that roles of a kind of organisation can hold.
    pub fn of(kind: Kind) -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(move |permission| permission.kinds().contains(&kind))
    }

    /// Reads what [`Permission::to_json`] wrote; words of later versions are left out.
    #[must_use]
    pub fn from_json(text: &str) -> Vec<Self> {
        let words: Vec<String> = serde_json::from_str(text).unwrap_or_default();
        words.iter().filter_map(|word| Self::from_word(word)).collect()
    }

    /// The words as JSON.
    #[must_use]
    pub fn to_json(permissions: &[Self]) -> String {
        let words = permissions.iter().map(|permission| permission.word());
        serde_json::Value::from_iter(words).to_string()
    }
}
