//! What two peers agree on when an association begins (PS3.8 section 7.1, PS3.7 Annex D); pure.

mod acceptor;
mod requestor;
mod supported;

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;

use dicom_ul::pdu::{RequestorRoles, UserIdentity, UserIdentityType, UserVariableItem};

pub(crate) use acceptor::{answer, peer_of};
pub(crate) use requestor::{accepted, request};
pub use supported::{Preference, Supported, is_storage_class};

use crate::Limits;

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
    pub identity: Option<Credentials>,
    /// Extended negotiation: SOP class and its application information, such as relational queries (PS3.4 C.5).
    pub extended: Vec<(String, Vec<u8>)>,
    /// Operations that may be invoked and performed at once, as proposed or answered.
    pub asynchronous_window: Option<(u16, u16)>,
}

/// What a user identity consists of (PS3.7 D.3.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of PS3.7")]
pub enum IdentityKind {
    UserName,
    UserNameAndPasscode,
    KerberosTicket,
    SamlAssertion,
    JsonWebToken,
}

const IDENTITY_KINDS: [(IdentityKind, UserIdentityType); 5] = [
    (IdentityKind::UserName, UserIdentityType::Username),
    (
        IdentityKind::UserNameAndPasscode,
        UserIdentityType::UsernamePassword,
    ),
    (
        IdentityKind::KerberosTicket,
        UserIdentityType::KerberosServiceTicket,
    ),
    (IdentityKind::SamlAssertion, UserIdentityType::SamlAssertion),
    (IdentityKind::JsonWebToken, UserIdentityType::Jwt),
];

/// Who a requestor says it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// What the fields hold.
    pub kind: IdentityKind,
    /// User name, ticket, assertion or token.
    pub primary: Vec<u8>,
    /// Passcode.
    pub secondary: Vec<u8>,
    /// Whether the acceptor has to say that it knows them.
    pub wants_answer: bool,
}

// Neither name nor secret may reach a log.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({:?})", self.kind)
    }
}

impl Credentials {
    fn from_item(identity: &UserIdentity) -> Option<Self> {
        let kind = identity.identity_type();
        let (kind, _) = IDENTITY_KINDS.iter().find(|(_, other)| *other == kind)?;
        Some(Self {
            kind: *kind,
            primary: identity.primary_field(),
            secondary: identity.secondary_field(),
            wants_answer: identity.positive_response_requested(),
        })
    }

    fn item(&self) -> UserVariableItem {
        let (_, kind) = (IDENTITY_KINDS.iter().find(|(kind, _)| *kind == self.kind))
            .expect("every kind stands in the table");
        UserVariableItem::UserIdentityItem(UserIdentity::new(
            self.wants_answer,
            kind.clone(),
            self.primary.clone(),
            self.secondary.clone(),
        ))
    }
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
    /// Operations that the requestor may have invoked before the first is answered.
    pub outstanding: u16,
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
            UserVariableItem::UserIdentityItem(identity) => peer.identity = Credentials::from_item(identity),
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
