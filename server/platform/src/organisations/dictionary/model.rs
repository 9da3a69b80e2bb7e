//! Kinds of entries, and how an entry is read from a form or from a row of a table.

use serde::{Deserialize, Serialize};

use crate::organisations::CATEGORIES;
use crate::web::{Form, Wrong};

/// A kind of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Examination categories.
    Category,
    /// Groups of examinations.
    Group,
    /// Medical institutions.
    Institution,
    /// Examination items.
    Item,
    /// Body parts.
    BodyPart,
    /// Examination methods.
    Method,
    /// Kinds of devices.
    DeviceKind,
    /// Tags.
    Tag,
}

impl Kind {
    /// All, in the order of the page.
    pub const ALL: [Self; 8] = [
        Self::Category,
        Self::Group,
        Self::Item,
        Self::BodyPart,
        Self::Method,
        Self::DeviceKind,
        Self::Institution,
        Self::Tag,
    ];

    /// The word of the table, of addresses and of messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Group => "group",
            Self::Institution => "institution",
            Self::Item => "item",
            Self::BodyPart => "body-part",
            Self::Method => "method",
            Self::DeviceKind => "device-kind",
            Self::Tag => "tag",
        }
    }

    /// Reads [`Kind::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What entries of this kind have beyond code and names: fields of the form and columns of the table.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Category => &[Field::Modality],
            Self::Group => &[Field::Reference(Self::Category)],
            Self::Item => &[
                Field::Reference(Self::Category),
                Field::Reference(Self::Group),
                Field::Reference(Self::BodyPart),
                Field::Reference(Self::Method),
            ],
            Self::Method => &[Field::Rights, Field::Behaviour],
            Self::BodyPart | Self::Institution | Self::DeviceKind | Self::Tag => &[],
        }
    }
}

/// Something that an entry has beyond code and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The modality of a category.
    Modality,
    /// The code of an entry of another kind.
    Reference(Kind),
    /// Who sees what was examined by a method.
    Rights,
    /// What a method asks for.
    Behaviour,
}

impl Field {
    /// The name in forms.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Modality => "modality",
            Self::Reference(kind) => kind.word(),
            Self::Rights => "rights",
            Self::Behaviour => "behaviour",
        }
    }

    /// The key of the words before it.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Reference(kind) => format!("dictionary-kind-{}", kind.word()),
            own => format!("dictionary-field-{}", own.name()),
        }
    }
}

macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $doc:literal])* $one:ident $word:literal),* $(,)? }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[doc = $doc])* #[serde(rename = $word)] $one,)*
        }

        impl $name {
            /// All.
            pub const ALL: &[Self] = &[$(Self::$one),*];

            /// The word of the table.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$one => $word),* }
            }

            /// Reads the word of the table.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// Who of an organisation sees what was examined by a method.
    Rights {
        /// Everybody who may see studies.
        Organisation "organisation",
        /// The department that examined.
        Department "department",
        /// Those who took part.
        Participants "participants",
    }
}

words! {
    /// What a method asks for.
    Behaviour {
        /// An appointment.
        Appointment "appointment",
        /// An injection of a tracer.
        Injection "injection",
        /// An empty stomach.
        Fasting "fasting",
        /// A second doctor's review of the report.
        Review "review",
        /// A film.
        Film "film",
    }
}

/// What an entry has beyond code and names. Codes are of entries of that kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Detail {
    /// The modality of a category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    /// The examination category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The body part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_part: Option<String>,
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Who sees what was examined by a method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights: Option<Rights>,
    /// What a method asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub behaviour: Vec<Behaviour>,
}

impl Detail {
    /// Reads the column; what cannot be read is left out.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Writes the column.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// The values of a field: words, or one code.
    #[must_use]
    pub fn values(&self, field: Field) -> Vec<&str> {
        let one = match field {
            Field::Modality => self.modality.as_deref(),
            Field::Reference(kind) => self.reference(kind),
            Field::Rights => self.rights.map(Rights::word),
            Field::Behaviour => return self.behaviour.iter().map(|one| one.word()).collect(),
        };
        one.into_iter().collect()
    }

    /// The code of an entry of another kind.
    #[must_use]
    pub fn reference(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::Category => self.category.as_deref(),
            Kind::Group => self.group.as_deref(),
            Kind::BodyPart => self.body_part.as_deref(),
            Kind::Method => self.method.as_deref(),
            _ => None,
        }
    }

    fn refer(&mut self, kind: Kind, code: Option<String>) {
        match kind {
            Kind::Category => self.category = code,
            Kind::Group => self.group = code,
            Kind::BodyPart => self.body_part = code,
            Kind::Method => self.method = code,
            _ => {}
        }
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the table; 0 before it is there.
    pub id: i64,
    /// Whose it is; `None` for all.
    pub organisation: Option<i64>,
    /// Its kind.
    pub kind: Kind,
    /// Its code.
    pub code: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// What it has beyond.
    pub detail: Detail,
    /// When it was retired.
    pub retired_ns: Option<i64>,
}

/// Reads an entry from what was typed, or from a row of a table. Codes of other entries are looked up elsewhere.
pub fn read(form: &mut Form, organisation: Option<i64>, kind: Kind) -> Entry {
    let code = read_code(form, "code").unwrap_or_default();
    if code.is_empty() && form.wrong("code").is_none() {
        form.refuse("code", Wrong::new("wrong-missing"));
    }
    let name_zh = form.name("name_zh", 100);
    let name_en = form.name("name_en", 100);
    let mut detail = Detail::default();
    for field in kind.fields() {
        match field {
            Field::Modality => detail.modality = read_modality(form),
            Field::Reference(kind) => detail.refer(*kind, read_code(form, kind.word())),
            Field::Rights => detail.rights = read_word(form, "rights", Rights::from_word).pop(),
            Field::Behaviour => detail.behaviour = read_word(form, "behaviour", Behaviour::from_word),
        }
    }
    Entry {
        id: 0,
        organisation,
        kind,
        code,
        name_zh,
        name_en,
        detail,
        retired_ns: None,
    }
}

fn read_modality(form: &mut Form) -> Option<String> {
    let typed = form.optional_line("modality", 16)?;
    if !CATEGORIES.contains(&typed.as_str()) {
        form.refuse("modality", Wrong::new("wrong-choice"));
    }
    Some(typed)
}

fn read_word<T: PartialEq>(form: &mut Form, name: &str, from_word: fn(&str) -> Option<T>) -> Vec<T> {
    let typed: Vec<Option<T>> = form
        .chosen(name)
        .filter(|word| !word.is_empty())
        .map(from_word)
        .collect();
    if typed.iter().any(Option::is_none) {
        form.refuse(name, Wrong::new("wrong-choice"));
    }
    let mut read = Vec::new();
    for one in typed.into_iter().flatten() {
        if !read.contains(&one) {
            read.push(one);
        }
    }
    read
}

/// A code: letters of ASCII, digits, dots, hyphens and underscores, a letter or a digit first.
fn read_code(form: &mut Form, name: &str) -> Option<String> {
    let code = form.optional_line(name, 32)?;
    let is_code = code.starts_with(|c: char| c.is_ascii_alphanumeric())
        && code
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if !is_code {
        form.refuse(name, Wrong::new("wrong-dictionary-code"));
    }
    Some(code)
}
