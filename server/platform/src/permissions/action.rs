//! What can be done.

macro_rules! actions {
    ($($(#[doc = $doc:literal])* $name:ident $word:literal),* $(,)?) => {
        /// What is done. The words are those of the policies.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $doc])* $name,)*
        }

        impl Action {
            /// All.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word of the policies and of the journal.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

actions! {
    /// Using what everybody uses who is signed in: the workbench, notifications, help.
    Use "use",
    /// Seeing and changing the own profile, documents, signature and preferences.
    ProfileEdit "profile.edit",
    /// Changing the own password.
    PasswordChange "password.change",
    /// Setting up the own second factor, ending own sessions.
    SecurityEdit "security.edit",
    /// Making an organisation the active one.
    OrganisationSwitch "organisation.switch",
    /// Answering an invitation.
    InvitationAnswer "invitation.answer",
    /// Seeing the own entries of the journal.
    LogOwn "log.own",
    /// Seeing everybody's entries of an organisation.
    LogAll "log.all",
    /// Seeing an organisation's record.
    OrganisationView "organisation.view",
    /// Changing it.
    OrganisationEdit "organisation.edit",
    /// Seeing members.
    MembersView "members.view",
    /// Adding, inviting and changing members.
    MembersEdit "members.edit",
    /// Seeing roles.
    RolesView "roles.view",
    /// Adding, changing and removing roles.
    RolesEdit "roles.edit",
    /// Seeing devices.
    DevicesView "devices.view",
    /// Adding, changing and removing devices.
    DevicesEdit "devices.edit",
    /// Seeing whom an organisation works with.
    DockingsView "dockings.view",
    /// Asking, answering, ending.
    DockingsEdit "dockings.edit",
    /// Seeing an organisation's dictionaries.
    DictionaryView "dictionary.view",
    /// Changing them.
    DictionaryEdit "dictionary.edit",
    /// Changing the dictionaries that all share.
    SharedDictionaryEdit "shared-dictionary.edit",
    /// Seeing and adding organisations.
    OrganisationsEdit "organisations.edit",
    /// Seeing accounts.
    AccountsView "accounts.view",
    /// Reviewing registrations, closing, resetting and unlocking accounts.
    AccountsEdit "accounts.edit",
    /// Seeing doctors' documents and deciding on them.
    VerificationDecide "verification.decide",
    /// Appointing the platform's administrators.
    AppointmentsEdit "appointments.edit",
    /// Seeing and changing programs of others that use the API.
    ClientsEdit "clients.edit",
    /// Seeing jobs, trying them again, reading the outbox.
    JobsEdit "jobs.edit",
    /// Seeing servers, storage and alarms.
    MonitoringView "monitoring.view",
    /// Searching the journal and taking it away.
    AuditSearch "audit.search",
    /// Asking that old entries of the journal be removed, and taking that back.
    AuditRemove "audit.remove",
    /// Confirming it.
    AuditConfirm "audit.confirm",
    /// Finding studies.
    StudyFind "study.find",
    /// Seeing a study's images.
    StudyView "study.view",
    /// Seeing studies that are not published.
    StudyUnpublished "study.unpublished",
    /// Deciding which studies are published, and when.
    StudyPublish "study.publish",
    /// Taking a study's images away.
    StudyExport "study.export",
    /// Adding images.
    StudySend "study.send",
    /// Correcting, merging, rejecting, holding.
    StudyCorrect "study.correct",
    /// Scheduling.
    StudySchedule "study.schedule",
    /// Delivering as a gateway.
    StudyDeliver "study.deliver",
    /// Signing a report.
    ReportSign "report.sign",
}
