//! What can be wrong.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody should look.
    Warning,
    /// Something does not work, or soon will not.
    Critical,
}

impl Severity {
    /// The word of the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads [`Severity::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Warning, Self::Critical]
            .into_iter()
            .find(|one| one.word() == word)
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident $word:literal $severity:ident),* $(,)?) => {
        /// A kind of alarm. Its sentence is `alarm-` and its word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])* $name,)*
        }

        impl Kind {
            /// All.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word of the table.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The kind of the notification.
            #[must_use]
            pub fn notice(self) -> &'static str {
                match self { $(Self::$name => concat!("alarm-", $word)),* }
            }

            /// How bad it is where nobody says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }
        }
    };
}

kinds! {
    /// Little space is left on a disk.
    DiskLow "disk-low" Warning,
    /// A disk does not say how much space it has.
    DiskUnreachable "disk-unreachable" Critical,
    /// Little memory is left.
    MemoryHigh "memory-high" Warning,
    /// The processors are busy.
    CpuHigh "cpu-high" Warning,
    /// More waits for the processors than they do.
    LoadHigh "load-high" Warning,
    /// The database does not answer.
    DatabaseUnreachable "database-unreachable" Critical,
    /// The database answers slowly.
    DatabaseSlow "database-slow" Warning,
    /// The store of objects does not answer.
    StorageUnreachable "storage-unreachable" Critical,
    /// The store of objects answers slowly.
    StorageSlow "storage-slow" Warning,
    /// A process of Uptake says nothing any more.
    ServerMissing "server-missing" Critical,
    /// A server that is asked over the network does not answer.
    ProbeFailed "probe-failed" Critical,
    /// A server that is asked over the network answers slowly.
    ProbeSlow "probe-slow" Warning,
    /// Jobs failed for good.
    JobDead "job-dead" Warning,
    /// The end of the journal was not signed for long.
    JournalUnsealed "journal-unsealed" Critical,
    /// The journal is not what was written.
    JournalBroken "journal-broken" Critical,
    /// The audit repository does not take the journal.
    AuditUnsent "audit-unsent" Critical,
    /// A certificate expires soon, or cannot be read.
    CertificateExpiring "certificate-expiring" Warning,
    /// The last backup failed.
    BackupFailed "backup-failed" Critical,
    /// The last backup is too old.
    BackupOld "backup-old" Warning,
    /// Objects that are to be sent on are held, because they were refused.
    DeliveryFailing "delivery-failing" Warning,
    /// Objects that are to be sent on wait for long.
    DeliveryBehind "delivery-behind" Warning,
    /// Objects are not what they were when they were received.
    IntegrityFailed "integrity-failed" Critical,
    /// Many sign-ins fail.
    SignInsFailing "sign-ins-failing" Warning,
    /// The clocks of the server and the database differ.
    ClockSkew "clock-skew" Warning,
    /// DICOM's port takes no connections.
    DicomDown "dicom-down" Critical,
}

impl Kind {
    /// Reads [`Kind::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}
