//! The rule of new lines, between lexer and parser.
//!
//! In come the tokens of a text; out go its statements as stretches of tokens, each to be parsed by
//! itself, without comments and with [`Token::Separator`] where a new line or `;` separates inside
//! braces. On the way, words such as `seed` become keywords where a statement begins, labels of pasted
//! results go, `<-` becomes `<` and `-` outside optimizers, and brackets are matched.
//!
//! A new line separates when all of this holds: the innermost open bracket is none or `{`; the last
//! token can end a statement; the next token can begin one. Unmatched brackets are found here, not by
//! the parser, because only here is their opener known. A line that begins with `let` inside an open
//! `(` or `[` proves that it was never closed: the statement ends there and the rest is read as usual.

use super::token::{Lexeme, Token};
use std::ops::Range;

/// The statements of a text.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The tokens of all statements.
    pub tokens: Vec<Lexeme>,
    /// The statements in order; none is empty.
    pub pieces: Vec<Piece>,
}

/// One statement, not parsed yet.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Its tokens within [`Layout::tokens`].
    pub tokens: Range<usize>,
    /// The `##` lines directly above it.
    pub docs: Vec<Lexeme>,
    /// What is wrong with its brackets.
    pub fault: Option<BracketFault>,
    /// A `-` that begins a line, where the line before could have gone on.
    pub leading_minus: Option<Lexeme>,
    /// A minus like that of `[1 -2]`.
    pub sign_in_array: Option<Lexeme>,
}

/// What can be wrong with brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BracketFault {
    /// `opener` is still open where `at` proves that it should not be; at the end of the text, none.
    Unclosed { opener: Lexeme, at: Option<Lexeme> },
    /// `closer` does not close `opener`, the innermost open bracket, if one is open.
    Mismatch { opener: Option<Lexeme>, closer: Lexeme },
}

/// An open bracket.
#[derive(Clone, Copy)]
struct Open {
    lexeme: Lexeme,
    kind: OpenKind,
}

impl Open {
    fn is_closed_by(self, closer: Token) -> bool {
        self.lexeme.token.closer() == Some(closer)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenKind {
    /// `(` or `[`: new lines count as blanks.
    Group,
    /// `{` after `to` or `in`: a list of constraints or choices.
    List,
    /// `{` of a `for` block.
    Block,
    /// `{` of an optimizer, where `<-` is an arrow.
    Optimizer,
}

/// Cuts the tokens of a text into statements.
pub(super) fn layout(lexemes: &[Lexeme]) -> Layout {
    let mut pass = Pass::new(lexemes);
    for (at, lexeme) in lexemes.iter().enumerate() {
        match lexeme.token {
            Token::NewLine => pass.at_new_line = true,
            Token::Comment | Token::Doc => {}
            _ => {
                pass.token(at, *lexeme);
                pass.at_new_line = false;
            }
        }
    }
    if let Some(open) = pass.open.last() {
        let opener = open.lexeme;
        pass.fault(BracketFault::Unclosed { opener, at: None });
    }
    pass.end_piece();
    pass.out
}

struct Pass<'l> {
    lexemes: &'l [Lexeme],
    out: Layout,
    /// The statement that is being gathered; its tokens begin at `piece.tokens.start`.
    piece: Piece,
    open: Vec<Open>,
    /// Whether a line ended since the last token.
    at_new_line: bool,
    /// The word that the statement began with, that of the block where we are in one.
    first_word: Token,
}

impl<'l> Pass<'l> {
    fn new(lexemes: &'l [Lexeme]) -> Self {
        Self {
            lexemes,
            out: Layout::default(),
            piece: Piece::default(),
            open: vec![],
            at_new_line: false,
            first_word: Token::Separator,
        }
    }

    fn token(&mut self, at: usize, lexeme: Lexeme) {
        if self.at_new_line {
            self.new_line(lexeme);
        }
        let starts = self.at_statement_start();
        match lexeme.token {
            Token::Semicolon if self.innermost() != Some(OpenKind::Group) => self.separate(lexeme),
            Token::Label if starts => {}
            Token::Arrow if !self.is_arrow() => {
                let middle = lexeme.start + 1;
                self.push(at, Lexeme { token: Token::Less, end: middle, ..lexeme });
                self.push(at, Lexeme { token: Token::Minus, start: middle, ..lexeme });
            }
            _ => {
                let lexeme = Lexeme { token: self.word(at, lexeme.token, starts), ..lexeme };
                if starts && self.innermost() != Some(OpenKind::List) {
                    self.first_word = lexeme.token;
                }
                self.look_for_sign(at, lexeme);
                self.bracket(lexeme);
                self.push(at, lexeme);
            }
        }
    }

    /// What a new line before this token means.
    fn new_line(&mut self, next: Lexeme) {
        if self.proves_unclosed(next.token) {
            if let Some(open) = self.open.last() {
                let opener = open.lexeme;
                self.fault(BracketFault::Unclosed { opener, at: Some(next) });
            }
            self.open.clear();
            self.end_piece();
            return;
        }
        // Nothing goes on with `let`, even where the line before seems to wait for more.
        let last = self.last().map(|last| last.token);
        let ends = last.is_some_and(Token::can_end) || next.token.begins_definition();
        let inside = self.innermost() == Some(OpenKind::Group);
        if !inside && ends && next.token.can_begin() {
            let end = self.last().map_or(next.start, |last| last.end);
            self.separate(Lexeme { token: Token::NewLine, start: end, end });
            // After a block nothing could have gone on.
            if next.token == Token::Minus && last != Some(Token::BraceClose) {
                self.piece.leading_minus.get_or_insert(next);
            }
        }
    }

    /// Whether a line that begins with this word shows that the innermost bracket was forgotten.
    fn proves_unclosed(&self, word: Token) -> bool {
        let defines = word.begins_definition();
        match self.innermost() {
            Some(OpenKind::Group | OpenKind::List) => defines,
            Some(OpenKind::Optimizer) => defines && word != Token::Let,
            Some(OpenKind::Block) | None => false,
        }
    }

    /// Ends the statement, or marks its end inside braces; several marks in a row are one.
    fn separate(&mut self, at: Lexeme) {
        if self.open.is_empty() {
            self.end_piece();
        } else if !matches!(self.last().map(|l| l.token), Some(Token::Separator | Token::BraceOpen))
        {
            self.out.tokens.push(Lexeme { token: Token::Separator, ..at });
        }
    }

    fn end_piece(&mut self) {
        let end = self.out.tokens.len();
        let mut piece = std::mem::take(&mut self.piece);
        if piece.tokens.start < end {
            piece.tokens.end = end;
            self.out.pieces.push(piece);
        }
        self.piece.tokens.start = end;
        self.first_word = Token::Separator;
    }

    /// The token as it is meant here: words are names after a point, and some words nearly everywhere.
    fn word(&self, at: usize, token: Token, starts: bool) -> Token {
        let last = self.last().map(|l| l.token);
        if last == Some(Token::Dot) && (token.is_reserved() || token.is_contextual()) {
            return Token::Name;
        }
        if !token.is_contextual() {
            return token;
        }
        let next = self.lexemes.get(at + 1).map_or(Token::NewLine, |l| l.token);
        let operand_follows = next.can_begin_expression() || next.is_contextual();
        let meant = match token {
            Token::State => starts && self.innermost() == Some(OpenKind::Optimizer),
            Token::Step => self.first_word == Token::Explain && last.is_some_and(Token::can_end),
            Token::Derive | Token::Check | Token::Solve | Token::Convex => {
                starts || matches!(last, Some(Token::Equals | Token::ParenOpen))
            }
            _ => starts,
        };
        if meant && operand_follows { token } else { Token::Name }
    }

    fn is_arrow(&self) -> bool {
        let mut back = self.out.tokens[self.piece.tokens.start..].iter().rev();
        let after_name = back.next().is_some_and(|l| l.token == Token::Name);
        let begins = back.next().map(|l| l.token);
        self.innermost() == Some(OpenKind::Optimizer)
            && after_name
            && matches!(begins, Some(Token::Separator | Token::BraceOpen))
    }

    fn look_for_sign(&mut self, at: usize, lexeme: Lexeme) {
        let in_array = self.open.last().is_some_and(|o| o.lexeme.token == Token::SquareOpen);
        let Some(last) = self.last() else { return };
        let blank_before = last.token.can_end() && last.end < lexeme.start && !self.at_new_line;
        let next = self.lexemes.get(at + 1);
        let blank_after = next.is_none_or(|next| next.start > lexeme.end);
        if lexeme.token == Token::Minus && in_array && blank_before && !blank_after {
            self.piece.sign_in_array.get_or_insert(lexeme);
        }
    }

    fn bracket(&mut self, lexeme: Lexeme) {
        if lexeme.token.closer().is_some() {
            let kind = self.open_kind(lexeme.token);
            self.open.push(Open { lexeme, kind });
        } else if lexeme.token.is_closer() {
            self.close(lexeme);
        }
    }

    fn open_kind(&self, opener: Token) -> OpenKind {
        let last = self.last().map(|l| l.token);
        match (opener, self.first_word) {
            (Token::ParenOpen | Token::SquareOpen, _) => OpenKind::Group,
            _ if matches!(last, Some(Token::To | Token::In)) => OpenKind::List,
            (_, Token::For) => OpenKind::Block,
            (_, Token::Optimizer) => OpenKind::Optimizer,
            _ => OpenKind::List,
        }
    }

    fn close(&mut self, closer: Lexeme) {
        if self.last().is_some_and(|l| l.token == Token::Separator) {
            self.out.tokens.pop();
        }
        let innermost = self.open.last().copied();
        if !innermost.is_some_and(|open| open.is_closed_by(closer.token)) {
            let opener = innermost.map(|open| open.lexeme);
            self.fault(BracketFault::Mismatch { opener, closer });
        }
        // A wrong closing bracket counts as the one that was due, so that the rest can be read.
        self.open.pop();
    }

    /// Takes the token, and with the first of a statement its documentation.
    fn push(&mut self, at: usize, lexeme: Lexeme) {
        if self.piece.tokens.start == self.out.tokens.len() {
            self.piece.docs = self.docs_above(at);
        }
        self.out.tokens.push(lexeme);
    }

    /// The lines of `##` directly above a token that is the first on its line, in order.
    fn docs_above(&self, at: usize) -> Vec<Lexeme> {
        let mut above = self.lexemes[..at].iter().rev();
        let mut docs = vec![];
        while above.next().is_some_and(|l| l.token == Token::NewLine)
            && let Some(doc) = above.next().filter(|l| l.token == Token::Doc)
        {
            docs.push(*doc);
        }
        docs.reverse();
        docs
    }

    /// Keeps the first fault of a statement.
    fn fault(&mut self, fault: BracketFault) {
        self.piece.fault.get_or_insert(fault);
    }

    /// The last token of the statement so far.
    fn last(&self) -> Option<Lexeme> {
        self.out.tokens[self.piece.tokens.start..].last().copied()
    }

    fn at_statement_start(&self) -> bool {
        matches!(self.last().map(|l| l.token), None | Some(Token::Separator | Token::BraceOpen))
    }

    fn innermost(&self) -> Option<OpenKind> {
        self.open.last().map(|open| open.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::lex;
    use super::*;

    /// Statements by ` | `, separators inside braces as `;`, keywords in capitals.
    fn shown(text: &str) -> String {
        let out = layout(&lex(text));
        let token = |l: &Lexeme| match l.token {
            Token::Separator => ";".to_owned(),
            word if word.is_contextual() => l.text(text).to_uppercase(),
            _ => l.text(text).to_owned(),
        };
        let piece = |p: &Piece| {
            let tokens: Vec<_> = out.tokens[p.tokens.clone()].iter().map(token).collect();
            tokens.join(" ")
        };
        out.pieces.iter().map(piece).collect::<Vec<_>>().join(" | ")
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(shown(text), expected, "for {text:?}");
    }

    #[test]
    fn a_new_line_separates_where_a_statement_can_end_and_begin() {
        check("a\nb; c", "a | b | c");
        check("a +\nb", "a + b");
        check("a\n\n# so\n  + b", "a + b");
        check("a\n- b", "a | - b");
        check("minimize f\n  over x\n  using gd", "minimize f over x using gd");
        check("A'\nb", "A ' | b");
        check("f(1,\n 2\n)\nb", "f ( 1 , 2 ) | b");
        check("for k in 1..3\n{\n print k\n\n k; ;\n}\nb", "for k in 1 .. 3 { PRINT k ; k } | b");
        check(
            "(minimize f subject to {\n a <= 1\n b <= 2\n} using sqp).x",
            "( minimize f subject to { a <= 1 ; b <= 2 } using sqp ) . x",
        );
        check("[1;\n 2]", "[ 1 ; 2 ]");
    }

    #[test]
    fn words_begin_statements_or_are_names() {
        check("seed 3\nlet seed = 3\nseed + 1", "SEED 3 | let seed = 3 | seed + 1");
        check("csv(\"x\", seed = 3)", "csv ( \"x\" , seed = 3 )");
        check("latex(derive f wrt x)\ng(check, 2)", "latex ( DERIVE f wrt x ) | g ( check , 2 )");
        check("let d = solve a == 0 for b", "let d = SOLVE a == 0 for b");
        check("explain fit step 3\nstep = 3", "EXPLAIN fit STEP 3 | step = 3");
        check("print state\nplot", "PRINT state | plot");
        check("t.from.seed", "t . from . seed");
        check("check -x\ncheck (f at p)", "CHECK - x | CHECK ( f at p )");
    }

    #[test]
    fn arrows_are_for_optimizers() {
        check("assert x<-1", "ASSERT x < - 1");
        check(
            "optimizer f { v<-v\n state m = 0; let d = v<-1 }",
            "optimizer f { v <- v ; STATE m = 0 ; let d = v < - 1 }",
        );
    }

    #[test]
    fn labels_go_where_a_statement_begins() {
        check("∂f/∂W[1, 2] = 3*x\n∂g = 1", "3 * x | 1");
    }

    #[test]
    fn brackets_are_matched_and_reading_goes_on() {
        let faults = |text| -> Vec<_> {
            let pieces = layout(&lex(text)).pieces;
            pieces
                .iter()
                .map(|p| p.fault.map(|f| matches!(f, BracketFault::Unclosed { .. })))
                .collect()
        };
        assert_eq!(faults("let a = (1 + 2\nlet b = 3"), [Some(true), None]);
        assert_eq!(faults("let a = [1, 2)\nb"), [Some(false), None]);
        assert_eq!(faults("a)\nb"), [Some(false), None]);
        assert_eq!(faults("for i in x {\n a"), [Some(true)]);
    }

    #[test]
    fn documentation_stands_directly_above() {
        let text = "## far\n\n## one\n## two\nlet a = 1\n## three\n# no\nlet b = 2";
        let out = layout(&lex(text));
        let docs =
            |i: usize| -> Vec<_> { out.pieces[i].docs.iter().map(|d| d.text(text)).collect() };
        assert_eq!(docs(0), ["## one", "## two"]);
        assert!(docs(1).is_empty());
    }
}
