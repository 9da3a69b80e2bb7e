//! What two peers agree on when an association begins (PS3.8 section 7.1, PS3.7 Annex D); pure.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;

use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, PresentationContextProposed, PresentationContextResult,
    PresentationContextResultReason as Reason, RequestorRoles, UserIdentity, UserIdentityType,
    UserVariableItem,
};

use crate::error::AbortReason;
use crate::{Error, Limits, Rejection, Result};

/// The DICOM application context (PS3.7 Annex A).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Implicit VR Little Endian, which everybody understands.
pub const IMPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian.
pub const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";

/// The item type of the asynchronous operations window, and of a user identity's answer.
const ASYNCHRONOUS_ITEM: u8 = 0x53;
const IDENTITY_ANSWER_ITEM: u8 = 0x59;
/// The largest PDU we send to a peer without a maximum.
const UNLIMITED_PDU: u32 = 256 << 10;
/// A PDU has to hold more than its own headers.
const SMALLEST_PDU: u32 = 64;

/// Roles of the requestor for a SOP class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// It may ask.
    pub user: bool,
    /// It may be asked, as for C-STORE under C-GET.
    pub provider: bool,
}

/// A presentation context that a requestor proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The SOP class.
    pub abstract_syntax: String,
    /// Transfer syntaxes, the best first.
    pub transfer_syntaxes: Vec<String>,
    /// Roles, when they are not the usual ones.
    pub roles: Option<Roles>,
}

impl Proposal {
    /// A SOP class in the two uncompressed little endian transfer syntaxes.
    pub fn uncompressed(abstract_syntax: &str) -> Self {
        Self::new(abstract_syntax, &[EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN])
    }

    /// A SOP class in given transfer syntaxes.
    pub fn new(abstract_syntax: &str, transfer_syntaxes: &[&str]) -> Self {
        Self {
            abstract_syntax: abstract_syntax.to_owned(),
            transfer_syntaxes: transfer_syntaxes.iter().map(|&uid| uid.to_owned()).collect(),
            roles: None,
        }
    }

    /// The same, with the requestor as provider: what C-GET needs for the classes it fetches.
    pub fn as_provider(self) -> Self {
        let roles = Some(Roles {
            user: false,
            provider: true,
        });
        Self { roles, ..self }
    }

    /// One context for every pair of SOP class and transfer syntax, so that the acceptor answers each by itself.
    pub fn for_instances<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Self> {
        let mut seen = HashSet::new();
        let fresh = pairs.into_iter().filter(|pair| seen.insert(*pair));
        fresh.map(|(class, syntax)| Self::new(class, &[syntax])).collect()
    }
}

/// A presentation context that both accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Odd, 1 to 255.
    pub id: u8,
    /// The SOP class.
    pub abstract_syntax: String,
    /// How data sets are encoded.
    pub transfer_syntax: String,
    /// Whether the requestor may be asked for it as provider.
    pub requestor_is_provider: bool,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// AE title of the other end.
    pub ae_title: String,
    /// AE title that the requestor called.
    pub called_ae_title: String,
    /// Where it connects from, when that is known.
    pub address: Option<SocketAddr>,
    /// Implementation Class UID.
    pub implementation_class_uid: String,
    /// Implementation Version Name.
    pub implementation_version_name: String,
    /// User identity, as the requestor gave it.
    pub identity: Option<UserIdentity>,
    /// Extended negotiation: SOP class and its application information, such as relational queries (PS3.4 C.5).
    pub extended: Vec<(String, Vec<u8>)>,
    /// Operations that may be invoked and performed at once, as proposed or answered.
    pub asynchronous_window: Option<(u16, u16)>,
}

/// What was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// The accepted contexts.
    pub contexts: Vec<Context>,
    /// The other end.
    pub peer: Peer,
    /// The largest P-DATA PDU that the peer takes.
    pub peer_max_pdu: u32,
}

impl Negotiated {
    /// The accepted context with this number.
    pub fn context(&self, id: u8) -> Option<&Context> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// An accepted context of a SOP class in the first of the transfer syntaxes that has one; with none given, any.
    pub fn find(&self, sop_class_uid: &str, transfer_syntaxes: &[&str]) -> Option<&Context> {
        let of_class = || (self.contexts.iter()).filter(|context| context.abstract_syntax == sop_class_uid);
        if transfer_syntaxes.is_empty() {
            return of_class().next();
        }
        transfer_syntaxes
            .iter()
            .find_map(|&syntax| of_class().find(|context| context.transfer_syntax == syntax))
    }
}

/// Whose order of transfer syntaxes decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preference {
    /// The acceptor's.
    #[default]
    Ours,
    /// The requestor's: its first that is supported. What it stores stays as it is.
    Peers,
}

/// What an acceptor accepts.
#[derive(Debug, Clone, Default)]
pub struct Supported {
    classes: BTreeMap<String, Vec<String>>,
    storage: Option<Vec<String>>,
    private_storage: bool,
    preference: Preference,
}

impl Supported {
    /// Nothing but verification.
    pub fn verification() -> Self {
        Self::default().class(
            dicom_dictionary_std::uids::VERIFICATION,
            &[EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN],
        )
    }

    /// Adds a SOP class.
    pub fn class(mut self, sop_class_uid: &str, transfer_syntaxes: &[&str]) -> Self {
        let syntaxes = transfer_syntaxes.iter().map(|&uid| uid.to_owned()).collect();
        self.classes.insert(sop_class_uid.to_owned(), syntaxes);
        self
    }

    /// Adds every storage class of the standard, known or to come; with `private`, vendors' own too.
    pub fn storage(mut self, transfer_syntaxes: &[&str], private: bool) -> Self {
        self.storage = Some(transfer_syntaxes.iter().map(|&uid| uid.to_owned()).collect());
        self.private_storage = private;
        self
    }

    /// Says whose order of transfer syntaxes decides.
    pub fn preferring(mut self, preference: Preference) -> Self {
        self.preference = preference;
        self
    }

    fn transfer_syntaxes(&self, abstract_syntax: &str) -> Option<&[String]> {
        if let Some(syntaxes) = self.classes.get(abstract_syntax) {
            return Some(syntaxes);
        }
        let is_private = !abstract_syntax.starts_with("1.2.840.10008.");
        let takes = is_storage_class(abstract_syntax) || is_private && self.private_storage;
        self.storage.as_deref().filter(|_| takes)
    }

    fn choose(&self, proposed: &PresentationContextProposed) -> Result<String, Reason> {
        let Some(ours) = self.transfer_syntaxes(trimmed(&proposed.abstract_syntax)) else {
            return Err(Reason::AbstractSyntaxNotSupported);
        };
        let mut theirs = proposed.transfer_syntaxes.iter().map(|uid| trimmed(uid));
        let chosen = match self.preference {
            Preference::Peers => theirs.find(|uid| ours.iter().any(|our| our == uid)),
            Preference::Ours => {
                let theirs: Vec<&str> = theirs.collect();
                ours.iter().map(String::as_str).find(|our| theirs.contains(our))
            }
        };
        chosen
            .map(str::to_owned)
            .ok_or(Reason::TransferSyntaxesNotSupported)
    }
}

/// Whether a SOP class is one of storage: the standard's arc for them, and those that stand elsewhere.
pub fn is_storage_class(uid: &str) -> bool {
    const ELSEWHERE: [&str; 6] = [
        "1.2.840.10008.5.1.4.34.7",
        "1.2.840.10008.5.1.4.38.1",
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.43.1",
        "1.2.840.10008.5.1.4.44.1",
        "1.2.840.10008.5.1.4.45.1",
    ];
    uid.starts_with("1.2.840.10008.5.1.4.1.1.") || ELSEWHERE.contains(&uid)
}

/// How we introduce ourselves.
#[derive(Debug, Clone)]
pub struct Implementation {
    /// Implementation Class UID.
    pub class_uid: String,
    /// Implementation Version Name, at most 16 characters.
    pub version_name: String,
}

impl Default for Implementation {
    fn default() -> Self {
        Self {
            // The one that the files of this implementation carry.
            class_uid: "2.25.190146791043182537444806132342625375407".to_owned(),
            version_name: concat!("UPTAKE_", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Trims what peers pad UIDs and titles with.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\0'])
}

/// Reads who asks, before anything is decided.
pub(crate) fn peer_of(request: &AssociationRQ, address: Option<SocketAddr>) -> Peer {
    let mut peer = Peer {
        ae_title: trimmed(&request.calling_ae_title).to_owned(),
        called_ae_title: trimmed(&request.called_ae_title).to_owned(),
        address,
        implementation_class_uid: String::new(),
        implementation_version_name: String::new(),
        identity: None,
        extended: Vec::new(),
        asynchronous_window: None,
    };
    read_user_variables(&request.user_variables, &mut peer);
    peer
}

fn read_user_variables(items: &[UserVariableItem], peer: &mut Peer) {
    for item in items {
        match item {
            UserVariableItem::ImplementationClassUID(uid) => {
                peer.implementation_class_uid = trimmed(uid).to_owned();
            }
            UserVariableItem::ImplementationVersionName(name) => {
                peer.implementation_version_name = trimmed(name).to_owned();
            }
            UserVariableItem::SopClassExtendedNegotiationSubItem(uid, information) => {
                peer.extended.push((trimmed(uid).to_owned(), information.clone()));
            }
            UserVariableItem::UserIdentityItem(identity) => peer.identity = Some(identity.clone()),
            UserVariableItem::Unknown(ASYNCHRONOUS_ITEM, bytes) => {
                if let [a, b, c, d] = bytes[..] {
                    peer.asynchronous_window = Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
                }
            }
            _ => {}
        }
    }
}

fn max_pdu_of(items: &[UserVariableItem]) -> Option<u32> {
    let announced = items.iter().find_map(|item| match item {
        UserVariableItem::MaxLength(bytes) => Some(*bytes),
        _ => None,
    });
    match announced.unwrap_or(0) {
        0 => Some(UNLIMITED_PDU),
        // Odd fragments are not allowed (PS3.8 Annex E.1), so neither is an odd room for them.
        bytes => (bytes >= SMALLEST_PDU).then_some(bytes.min(UNLIMITED_PDU) & !1),
    }
}

fn roles_of(items: &[UserVariableItem]) -> BTreeMap<&str, Roles> {
    let role = |item| match item {
        &UserVariableItem::ScuScpRoleSelectionSubItem(ref uid, RequestorRoles { scu, scp }) => {
            let roles = Roles {
                user: scu,
                provider: scp,
            };
            Some((trimmed(uid), roles))
        }
        _ => None,
    };
    items.iter().filter_map(role).collect()
}

/// Answers a request: what the acceptor replies and what then holds.
///
/// # Errors
///
/// The [`Rejection`] to reply with.
pub(crate) fn answer(
    request: &AssociationRQ,
    peer: Peer,
    supported: &Supported,
    implementation: &Implementation,
    limits: &Limits,
) -> Result<(AssociationAC, Negotiated), Rejection> {
    if request.protocol_version & 1 == 0 {
        return Err(Rejection::PROTOCOL_VERSION);
    }
    if trimmed(&request.application_context_name) != APPLICATION_CONTEXT {
        return Err(Rejection::APPLICATION_CONTEXT);
    }
    let proposed = &request.presentation_contexts;
    if proposed.len() > limits.contexts {
        return Err(Rejection::LOCAL_LIMIT);
    }
    let mut ids = HashSet::new();
    if proposed.is_empty() || !proposed.iter().all(|p| p.id % 2 == 1 && ids.insert(p.id)) {
        return Err(Rejection::NO_REASON);
    }
    let peer_max_pdu = max_pdu_of(&request.user_variables).ok_or(Rejection::LOCAL_LIMIT)?;
    let roles = roles_of(&request.user_variables);
    let mut contexts = Vec::new();
    let mut results = Vec::new();
    for context in proposed {
        let abstract_syntax = trimmed(&context.abstract_syntax);
        let choice = supported.choose(context);
        if let Ok(transfer_syntax) = &choice {
            contexts.push(Context {
                id: context.id,
                abstract_syntax: abstract_syntax.to_owned(),
                transfer_syntax: transfer_syntax.clone(),
                requestor_is_provider: roles.get(abstract_syntax).is_some_and(|r| r.provider),
            });
        }
        let (reason, transfer_syntax) = match choice {
            Ok(uid) => (Reason::Acceptance, uid),
            // Not significant, but some peers want one to read.
            Err(reason) => (reason, IMPLICIT_LITTLE_ENDIAN.to_owned()),
        };
        results.push(PresentationContextResult {
            id: context.id,
            reason,
            transfer_syntax,
        });
    }
    let reply = AssociationAC {
        protocol_version: 1,
        calling_ae_title: request.calling_ae_title.clone(),
        called_ae_title: request.called_ae_title.clone(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: results,
        user_variables: reply_variables(&roles, &contexts, &peer, implementation, limits),
    };
    let negotiated = Negotiated {
        contexts,
        peer,
        peer_max_pdu,
    };
    Ok((reply, negotiated))
}

fn reply_variables(
    roles: &BTreeMap<&str, Roles>,
    contexts: &[Context],
    peer: &Peer,
    implementation: &Implementation,
    limits: &Limits,
) -> Vec<UserVariableItem> {
    let mut items = introduction(implementation, limits);
    for (&uid, roles) in roles {
        if contexts.iter().any(|context| context.abstract_syntax == uid) {
            items.push(role_item(uid, *roles));
        }
    }
    // Messages are answered in order, one at a time, whatever was proposed.
    if peer.asynchronous_window.is_some() {
        items.push(UserVariableItem::Unknown(ASYNCHRONOUS_ITEM, vec![0, 1, 0, 1]));
    }
    let wants_answer = |identity: &UserIdentity| identity.positive_response_requested();
    if peer.identity.as_ref().is_some_and(wants_answer) {
        // An empty server response: all there is for user names (PS3.7 D.3.3.7.2).
        items.push(UserVariableItem::Unknown(IDENTITY_ANSWER_ITEM, vec![0, 0]));
    }
    items
}

fn introduction(implementation: &Implementation, limits: &Limits) -> Vec<UserVariableItem> {
    vec![
        UserVariableItem::MaxLength(limits.pdu_bytes),
        UserVariableItem::ImplementationClassUID(implementation.class_uid.clone()),
        UserVariableItem::ImplementationVersionName(implementation.version_name.clone()),
    ]
}

fn role_item(uid: &str, roles: Roles) -> UserVariableItem {
    let roles = RequestorRoles {
        scu: roles.user,
        scp: roles.provider,
    };
    UserVariableItem::ScuScpRoleSelectionSubItem(uid.to_owned(), roles)
}

/// Who a requestor says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// What the fields hold.
    pub kind: UserIdentityType,
    /// User name, ticket, assertion or token.
    pub primary: Vec<u8>,
    /// Passcode.
    pub secondary: Vec<u8>,
}

/// Writes the request of a requestor; context numbers are 1, 3, 5… in the order of the proposals.
pub(crate) fn request(
    calling: &str,
    called: &str,
    proposals: &[Proposal],
    credentials: Option<&Credentials>,
    implementation: &Implementation,
    limits: &Limits,
) -> Result<AssociationRQ> {
    if proposals.is_empty() || proposals.len() > 128 {
        return Err(Error::Encode {
            what: "association request",
            reason: format!(
                "expected 1 to 128 presentation contexts, found {}",
                proposals.len()
            ),
        });
    }
    let mut items = introduction(implementation, limits);
    let mut with_roles = BTreeMap::new();
    for proposal in proposals {
        if let Some(roles) = proposal.roles {
            with_roles.insert(&proposal.abstract_syntax, roles);
        }
    }
    items.extend(with_roles.into_iter().map(|(uid, roles)| role_item(uid, roles)));
    if let Some(Credentials {
        kind,
        primary,
        secondary,
    }) = credentials
    {
        let identity = UserIdentity::new(false, kind.clone(), primary.clone(), secondary.clone());
        items.push(UserVariableItem::UserIdentityItem(identity));
    }
    let context = |(id, proposal): (u8, &Proposal)| PresentationContextProposed {
        id,
        abstract_syntax: proposal.abstract_syntax.clone(),
        transfer_syntaxes: proposal.transfer_syntaxes.clone(),
    };
    Ok(AssociationRQ {
        protocol_version: 1,
        calling_ae_title: calling.to_owned(),
        called_ae_title: called.to_owned(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: (1..=255).step_by(2).zip(proposals).map(context).collect(),
        user_variables: items,
    })
}

/// Reads the acceptor's reply to the proposals.
pub(crate) fn accepted(
    reply: &AssociationAC,
    called: &str,
    proposals: &[Proposal],
    address: Option<SocketAddr>,
) -> Result<Negotiated> {
    let invalid = |found: &str| {
        Error::protocol(
            "a reply to what was proposed",
            found,
            AbortReason::InvalidParameter,
        )
    };
    let roles = roles_of(&reply.user_variables);
    let mut contexts = Vec::new();
    for result in &reply.presentation_contexts {
        if result.reason != Reason::Acceptance {
            continue;
        }
        let proposal = (proposals.get(usize::from(result.id / 2)))
            .filter(|_| result.id % 2 == 1)
            .ok_or_else(|| invalid("another context"))?;
        let transfer_syntax = trimmed(&result.transfer_syntax);
        if !proposal
            .transfer_syntaxes
            .iter()
            .any(|uid| uid == transfer_syntax)
        {
            return Err(invalid("another transfer syntax"));
        }
        let abstract_syntax = proposal.abstract_syntax.clone();
        let agreed = roles.get(abstract_syntax.as_str()).is_some_and(|r| r.provider);
        contexts.push(Context {
            id: result.id,
            requestor_is_provider: proposal.roles.is_some_and(|r| r.provider) && agreed,
            abstract_syntax,
            transfer_syntax: transfer_syntax.to_owned(),
        });
    }
    let mut peer = Peer {
        ae_title: called.to_owned(),
        called_ae_title: called.to_owned(),
        address,
        implementation_class_uid: String::new(),
        implementation_version_name: String::new(),
        identity: None,
        extended: Vec::new(),
        asynchronous_window: None,
    };
    read_user_variables(&reply.user_variables, &mut peer);
    Ok(Negotiated {
        contexts,
        peer,
        peer_max_pdu: max_pdu_of(&reply.user_variables).ok_or_else(|| invalid("a maximum PDU too small"))?,
    })
}
