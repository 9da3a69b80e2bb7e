//! The kinds of SUV: what each is normalised by, and how reports name it.

/// What an SUV is normalised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuvKind {
    /// Body weight.
    Bw,
    /// Lean body mass by Janmahasatian: SUL as computed by default.
    LbmJanmahasatian,
    /// Lean body mass by James with the factor 128; for comparison with older studies.
    LbmJames128,
    /// Lean body mass by Morgan with the factor 120.
    LbmMorgan120,
    /// Body surface area by Du Bois.
    Bsa,
    /// Ideal body weight.
    Ibw,
}

/// A coded term: its value in the scheme DCM (PS3.16 annex D) and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Code Value.
    pub value: &'static str,
    /// Code Meaning.
    pub meaning: &'static str,
}

impl SuvKind {
    /// Every kind, in the order of a table.
    pub const ALL: [Self; 6] = [
        Self::Bw,
        Self::LbmJanmahasatian,
        Self::LbmJames128,
        Self::LbmMorgan120,
        Self::Bsa,
        Self::Ibw,
    ];

    /// SUL where nobody chose a formula: James falls again in obesity, Janmahasatian does not.
    pub const SUL: Self = Self::LbmJanmahasatian;

    /// Its name in files and commands, such as `lbm_janmahasatian`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Bw => "bw",
            Self::LbmJanmahasatian => "lbm_janmahasatian",
            Self::LbmJames128 => "lbm_james128",
            Self::LbmMorgan120 => "lbm_morgan120",
            Self::Bsa => "bsa",
            Self::Ibw => "ibw",
        }
    }

    /// What people read beside the number; a SUL always says by which formula.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Bw => "SUVbw",
            Self::LbmJanmahasatian => "SUL (Janmahasatian)",
            Self::LbmJames128 => "SUL (James 128)",
            Self::LbmMorgan120 => "SUL (Morgan 120)",
            Self::Bsa => "SUVbsa",
            Self::Ibw => "SUVibw",
        }
    }

    /// The quantity's code: PS3.16 CID 218, codes 126401 to 126406.
    #[must_use]
    pub const fn code(self) -> Code {
        let (value, meaning) = match self {
            Self::Bw => ("126401", "SUVbw"),
            Self::LbmMorgan120 => ("126402", "SUVlbm"),
            Self::Bsa => ("126403", "SUVbsa"),
            Self::Ibw => ("126404", "SUVibw"),
            Self::LbmJanmahasatian => ("126405", "SUVlbm(Janma)"),
            Self::LbmJames128 => ("126406", "SUVlbm(James128)"),
        };
        Code { value, meaning }
    }

    /// The code of the way it is computed: 126410 to 126415.
    #[must_use]
    pub const fn method_code(self) -> Code {
        let (value, meaning) = match self {
            Self::Bw => ("126410", "SUV body weight calculation method"),
            Self::LbmMorgan120 => ("126411", "SUV lean body mass calculation method"),
            Self::Bsa => ("126412", "SUV body surface area calculation method"),
            Self::Ibw => ("126413", "SUV ideal body weight calculation method"),
            Self::LbmJanmahasatian => ("126414", "SUV lean body mass calculation Janmahasatian method"),
            Self::LbmJames128 => (
                "126415",
                "SUV lean body mass calculation method using 128 multiplier",
            ),
        };
        Code { value, meaning }
    }

    /// Its unit in UCUM, PS3.16 CID 85: g/ml, or cm2/ml by surface area, then the kind as annotation.
    #[must_use]
    pub const fn ucum(self) -> &'static str {
        match self {
            Self::Bw => "g/ml{SUVbw}",
            Self::LbmMorgan120 => "g/ml{SUVlbm}",
            Self::LbmJanmahasatian => "g/ml{SUVlbm(Janma)}",
            Self::LbmJames128 => "g/ml{SUVlbm(James128)}",
            Self::Bsa => "cm2/ml{SUVbsa}",
            Self::Ibw => "g/ml{SUVibw}",
        }
    }
}
