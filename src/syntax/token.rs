//! The tokens, and what can be said of one by itself.
//!
//! Tokens carry nothing; their text is found by their place. Whitespace leaves no token; comments and
//! line ends do, for the layout pass to judge. Words that only sometimes begin a statement (`seed`,
//! `plot`, ...) leave the lexer as words of their own, and the layout pass makes names of them where no
//! statement begins.
//!
//! Faulty text has tokens, too, one for each kind of fault, so the lexer itself never fails.

use crate::patience;
use logos::Logos;

use crate::memory;

/// A kind of token.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is named after what it looks like")]
#[logos(skip r"[ \t\r\x0B\x0C\u{A0}\u{2000}-\u{200B}\u{202F}\u{3000}\u{FEFF}]+")]
pub enum Token {
    #[regex(r"[\p{XID_Start}_][\p{XID_Continue}\u{2080}-\u{2089}]*", priority = 1)]
    Name,
    #[regex(r"([0-9]+(_[0-9]+)*)?\.[0-9]+(_[0-9]+)*([eE][+-]?[0-9]+)?", priority = 3)]
    #[regex(r"[0-9]+(_[0-9]+)*([eE][+-]?[0-9]+)?", priority = 3)]
    Number,
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    Str,

    #[token("var")]
    Var,
    #[token("let")]
    Let,
    #[token("fn")]
    Fn,
    #[token("optimizer")]
    Optimizer,
    #[token("if")]
    If,
    #[token("then")]
    Then,
    #[token("else")]
    Else,
    #[token("for")]
    For,
    #[token("in")]
    In,
    #[token("at")]
    At,
    #[token("and")]
    And,
    #[token("or")]
    Or,
    #[token("not")]
    Not,
    #[token("minimize")]
    Minimize,
    #[token("maximize")]
    Maximize,
    #[token("compare")]
    Compare,
    #[token("tune")]
    Tune,
    #[token("lr_range")]
    LrRange,
    #[token("over")]
    Over,
    #[token("from")]
    From,
    #[token("subject")]
    Subject,
    #[token("to")]
    To,
    #[token("using")]
    Using,
    #[token("with")]
    With,
    #[token("minimizing")]
    Minimizing,
    #[token("maximizing")]
    Maximizing,
    #[token("wrt")]
    Wrt,
    #[token("where")]
    Where,

    // Words that are names, except where a statement begins; the layout pass knows where that is.
    #[token("use")]
    Use,
    #[token("seed")]
    Seed,
    #[token("derive")]
    Derive,
    #[token("solve")]
    Solve,
    #[token("convex")]
    Convex,
    #[token("check")]
    Check,
    #[token("explain")]
    Explain,
    #[token("plot")]
    Plot,
    #[token("print")]
    Print,
    #[token("assert")]
    Assert,
    #[token("export")]
    Export,
    #[token("state")]
    State,
    #[token("step")]
    Step,

    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token(".+")]
    DotPlus,
    #[token(".-")]
    DotMinus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token(".*")]
    DotStar,
    #[token("./")]
    DotSlash,
    #[token("^")]
    Caret,
    #[token(".^")]
    DotCaret,
    #[token("'")]
    Prime,
    #[token("==")]
    EqEq,
    #[token("!=")]
    NotEq,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEq,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEq,
    #[token("=")]
    Equals,
    #[token("<-")]
    Arrow,
    #[token("..")]
    DotDot,
    #[token(".")]
    Dot,
    #[token(",")]
    Comma,
    #[token(";")]
    Semicolon,
    #[token(":")]
    Colon,
    #[token("∇")]
    Nabla,
    #[token("∇²")]
    NablaSquared,
    #[token("(")]
    ParenOpen,
    #[token(")")]
    ParenClose,
    #[token("[")]
    SquareOpen,
    #[token("]")]
    SquareClose,
    #[token("{")]
    BraceOpen,
    #[token("}")]
    BraceClose,

    /// A new line or `;` that separates two statements; made by the layout pass.
    Separator,
    #[token("\n")]
    NewLine,
    #[regex(r"#([^#\n][^\n]*)?", allow_greedy = true)]
    Comment,
    #[regex(r"##[^\n]*", allow_greedy = true)]
    Doc,
    /// `∂f/∂x =`, dropped at the beginning of a statement.
    #[regex(r"∂[^=\n]*=")]
    Label,

    /// An operator that other languages have.
    #[regex(r"\*\*|&&?|\|\|?|!|:=|=>|=<|<>|~=?|===|!==|\+=|-=|\*=|/=|\+\+|//|->|%|@")]
    #[regex(r"[≤≥≠−–—·×÷⋅²³⁴⁵√∑∏∞ᵀ←→²“”‘’′]")]
    Foreign,
    #[regex(r#""([^"\\\n]|\\[^\n])*"#, priority = 2)]
    OpenString,
    /// `3.`, which would be half a range or half a dotted operator.
    BarePoint,
    /// A character that begins nothing.
    Unknown,
}

impl Token {
    /// Whether the lexer could make nothing of it.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Foreign | Self::OpenString | Self::BarePoint)
            || matches!(self, Self::Unknown | Self::Label)
    }

    /// Whether it is a word that can never be a name, except after a point.
    pub fn is_reserved(self) -> bool {
        self.is_clause_word() || self.is_infix_word() || self.is_command_word() || {
            use Token::{Fn, For, If, In, Let, Not, Optimizer, Subject, Var};
            matches!(self, Var | Let | Fn | Optimizer | If | For | In | Not | Subject)
        }
    }

    /// Whether it begins a definition: such a word at the beginning of a line always does.
    pub fn begins_definition(self) -> bool {
        matches!(self, Self::Var | Self::Let | Self::Fn | Self::Optimizer)
    }

    /// Whether it is a word of the language where it stands.
    pub fn is_word(self) -> bool {
        self.is_reserved() || self.is_contextual()
    }

    /// Whether it is a word that some statements begin with and that may be a name elsewhere.
    pub fn is_contextual(self) -> bool {
        use Token::{Assert, Check, Convex, Derive, Explain, Export, Plot, Print, Seed, Solve};
        use Token::{State, Step, Use};
        let first = matches!(self, Use | Seed | Derive | Solve | Convex | Check | Explain | Plot);
        first || matches!(self, Print | Assert | Export | State | Step)
    }

    /// Whether a line that starts with it goes on with the statement before.
    pub fn is_clause_word(self) -> bool {
        use Token::{At, Else, From, Maximizing, Minimizing, Over, Subject, Then, To, Using};
        use Token::{Where, With, Wrt};
        matches!(self, Over | From | Subject | Using | With | To | Minimizing | Maximizing)
            || matches!(self, Wrt | Where | Then | Else | At)
    }

    fn is_infix_word(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }

    /// Whether it is a reserved word that begins a command.
    pub fn is_command_word(self) -> bool {
        use Token::{Compare, LrRange, Maximize, Minimize, Tune};
        matches!(self, Minimize | Maximize | Compare | Tune | LrRange)
    }

    /// Whether it is an operator, dots and arrows among them.
    pub fn is_operator(self) -> bool {
        use Token::{Arrow, Caret, Dot, DotCaret, DotDot, DotMinus, DotPlus, DotSlash, DotStar};
        use Token::{Colon, EqEq, Equals, Greater, GreaterEq, Less, LessEq, Minus, Nabla};
        use Token::{NablaSquared, NotEq, Plus, Prime, Slash, Star};
        matches!(self, Plus | Minus | DotPlus | DotMinus | Star | Slash | DotStar | DotSlash)
            || matches!(self, Caret | DotCaret | Prime | EqEq | NotEq | Less | LessEq | Greater)
            || matches!(self, GreaterEq | Equals | Arrow | DotDot | Dot | Colon)
            || matches!(self, Nabla | NablaSquared)
    }

    /// Whether a statement can end with it.
    pub fn can_end(self) -> bool {
        use Token::{BraceClose, Name, Number, ParenClose, Prime, SquareClose, Str};
        matches!(self, Name | Number | Str | ParenClose | SquareClose | BraceClose | Prime)
            || self.is_fault()
    }

    /// Whether a statement can begin with it.
    pub fn can_begin(self) -> bool {
        use Token::{BraceClose, BraceOpen, Comma, ParenClose, SquareClose};
        if matches!(self, Self::Minus | Self::Nabla | Self::NablaSquared) {
            return true;
        }
        let joins = matches!(self, BraceOpen | BraceClose | ParenClose | SquareClose | Comma);
        !(joins || self.is_clause_word() || self.is_infix_word() || self.is_operator())
    }

    /// Whether an expression can begin with it.
    pub fn can_begin_expression(self) -> bool {
        use Token::{
            If, Minus, Nabla, NablaSquared, Name, Not, Number, ParenOpen, SquareOpen, Str,
        };
        matches!(self, Name | Number | Str | ParenOpen | SquareOpen | Minus | Not | If)
            || matches!(self, Nabla | NablaSquared)
            || self.is_command_word()
    }

    /// The closing bracket of an opening one.
    pub fn closer(self) -> Option<Token> {
        match self {
            Self::ParenOpen => Some(Self::ParenClose),
            Self::SquareOpen => Some(Self::SquareClose),
            Self::BraceOpen => Some(Self::BraceClose),
            _ => None,
        }
    }

    /// Whether it closes a bracket.
    pub fn is_closer(self) -> bool {
        matches!(self, Self::ParenClose | Self::SquareClose | Self::BraceClose)
    }
}

/// A token and the bytes it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexeme {
    /// What it is.
    pub token: Token,
    /// The offset of its first byte.
    pub start: u32,
    /// The offset after its last byte.
    pub end: u32,
}

impl Lexeme {
    /// Its text within the text it was cut from.
    pub fn text(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// Cuts a text into tokens, comments and line ends among them. Never fails; see [`Token::is_fault`].
pub fn lex(text: &str) -> Vec<Lexeme> {
    let mut lexemes: Vec<Lexeme> = Vec::new();
    for (token, range) in Token::lexer(text).spanned() {
        patience::look();
        let token = token.unwrap_or(Token::Unknown);
        let (start, end) = (range.start as u32, range.end as u32);
        match lexemes.last_mut() {
            // A run of rubbish is one token, so that a binary file is one report.
            Some(last) if token == Token::Unknown && last.token == token && last.end == start => {
                last.end = end;
            }
            Some(last)
                if token == Token::Dot && last.token == Token::Number && last.end == start =>
            {
                *last = Lexeme { token: Token::BarePoint, start: last.start, end };
            }
            _ => {
                memory::grow(&mut lexemes, 1, "the words of the script");
                lexemes.push(Lexeme { token, start, end });
            }
        }
    }
    lexemes
}

/// Whether a text starts with a word that continues the statement before it.
pub fn starts_with_clause_word(text: &str) -> bool {
    let tokens = Token::lexer(text).flatten();
    let mut significant =
        tokens.skip_while(|t| matches!(t, Token::NewLine | Token::Comment | Token::Doc));
    significant.next().is_some_and(Token::is_clause_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown: Vec<_> =
            lex(text).iter().map(|l| format!("{:?} {}", l.token, l.text(text))).collect();
        assert_eq!(shown.join(" | "), expected, "for {text:?}");
    }

    #[test]
    fn points_and_numbers_keep_apart() {
        check("1..n", "Number 1 | DotDot .. | Name n");
        check("1./x", "Number 1 | DotSlash ./ | Name x");
        check("x.^.5", "Name x | DotCaret .^ | Number .5");
        check("1_000.5e-3", "Number 1_000.5e-3");
        check("3.", "BarePoint 3.");
        check("1e", "Number 1 | Name e");
        check("1E+200", "Number 1E+200");
        check("t.from", "Name t | Dot . | From from");
    }

    #[test]
    fn names_hold_subscripts_and_words_end_where_names_end() {
        check("x₁ θ W1", "Name x₁ | Name θ | Name W1");
        check("fora atx", "Name fora | Name atx");
    }

    #[test]
    fn faults_are_tokens() {
        check("\"ab", "OpenString \"ab");
        check("\"a\\\"b\"", "Str \"a\\\"b\"");
        check("a ** b", "Name a | Foreign ** | Name b");
        check("a ≤ b", "Name a | Foreign ≤ | Name b");
        check("\0\0", "Unknown \0\0");
        check("x ¤¤ y", "Name x | Unknown ¤¤ | Name y");
        check("# a\n## b", "Comment # a | NewLine \n | Doc ## b");
        check("∂f/∂x = 2", "Label ∂f/∂x = | Number 2");
        check("x<-1", "Name x | Arrow <- | Number 1");
        check("x!=1", "Name x | NotEq != | Number 1");
    }

    #[test]
    fn clause_words_are_seen_past_comments() {
        assert!(starts_with_clause_word("  # so\n using newton"));
        assert!(!starts_with_clause_word("usingx"));
        assert!(!starts_with_clause_word(""));
    }
}
