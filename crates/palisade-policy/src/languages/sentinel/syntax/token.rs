//! Tokens of the language.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name that is no keyword.
    Name,
    /// A whole number.
    Int,
    /// Any other number.
    Float,
    /// A text in quotation marks without escapes.
    PlainText,
    /// A text in quotation marks with escapes.
    EscapedText,
    /// A text in back-ticks.
    RawText,
    /// A keyword or an operator that is a word.
    Word(Word),
    /// An operator or a delimiter.
    Mark(Mark),
    /// A semicolon that stands in the text.
    Semicolon,
    /// A semicolon that the end of a line stands for.
    LineEnd,
    /// The end of the text.
    End,
}

/// Keywords, and operators that are words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    All,
    And,
    Any,
    As,
    Break,
    Case,
    Contains,
    Continue,
    Default,
    Else,
    False,
    Filter,
    For,
    Func,
    If,
    Import,
    In,
    Is,
    Map,
    Matches,
    Not,
    Null,
    Or,
    Param,
    Return,
    Rule,
    True,
    Undefined,
    When,
    Xor,
}

impl Word {
    /// The word of a text, if it is reserved.
    pub(super) fn of(text: &str) -> Option<Self> {
        Some(match text {
            "all" => Self::All,
            "and" => Self::And,
            "any" => Self::Any,
            "as" => Self::As,
            "break" => Self::Break,
            "case" => Self::Case,
            "contains" => Self::Contains,
            "continue" => Self::Continue,
            "default" => Self::Default,
            "else" => Self::Else,
            "false" => Self::False,
            "filter" => Self::Filter,
            "for" => Self::For,
            "func" => Self::Func,
            "if" => Self::If,
            "import" => Self::Import,
            "in" => Self::In,
            "is" => Self::Is,
            "map" => Self::Map,
            "matches" => Self::Matches,
            "not" => Self::Not,
            "null" => Self::Null,
            "or" => Self::Or,
            "param" => Self::Param,
            "return" => Self::Return,
            "rule" => Self::Rule,
            "true" => Self::True,
            "undefined" => Self::Undefined,
            "when" => Self::When,
            "xor" => Self::Xor,
            _ => return None,
        })
    }

    /// Whether a line that ends in this word ends its statement.
    pub(super) const fn ends_a_statement(self) -> bool {
        matches!(
            self,
            Self::Break
                | Self::Continue
                | Self::Return
                | Self::True
                | Self::False
                | Self::Null
                | Self::Undefined
                | Self::Map
                | Self::Filter
                | Self::Param
        )
    }
}

/// Operators and delimiters that are no words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    PlusAssign,
    MinusAssign,
    StarAssign,
    SlashAssign,
    PercentAssign,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Assign,
    Not,
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Comma,
    Dot,
    Ellipsis,
    Colon,
}

impl Mark {
    /// The mark at the start of some bytes, and its length.
    pub(super) fn at(rest: &[u8]) -> Option<(Self, usize)> {
        let second = rest.get(1).copied();
        let assigned = second == Some(b'=');
        let pair = |single, double| if assigned { (double, 2) } else { (single, 1) };
        Some(match rest.first()? {
            b'+' => pair(Self::Plus, Self::PlusAssign),
            b'-' => pair(Self::Minus, Self::MinusAssign),
            b'*' => pair(Self::Star, Self::StarAssign),
            b'/' => pair(Self::Slash, Self::SlashAssign),
            b'%' => pair(Self::Percent, Self::PercentAssign),
            b'=' => pair(Self::Assign, Self::Equal),
            b'!' => pair(Self::Not, Self::NotEqual),
            b'<' => pair(Self::Less, Self::LessOrEqual),
            b'>' => pair(Self::Greater, Self::GreaterOrEqual),
            b'(' => (Self::OpenParenthesis, 1),
            b')' => (Self::CloseParenthesis, 1),
            b'[' => (Self::OpenBracket, 1),
            b']' => (Self::CloseBracket, 1),
            b'{' => (Self::OpenBrace, 1),
            b'}' => (Self::CloseBrace, 1),
            b',' => (Self::Comma, 1),
            b':' => (Self::Colon, 1),
            b'.' if rest.starts_with(b"...") => (Self::Ellipsis, 3),
            b'.' => (Self::Dot, 1),
            _ => return None,
        })
    }
}

/// A token with the bytes that it stands at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: u32,
    pub(super) end: u32,
}
