//! From text to tree: the glue between layout, grammar and findings.
//!
//! In comes the text of a file; out goes its [`Ast`], and findings go to the sink. Statements are
//! parsed one by one, so a bad one is reported once and hides nothing behind it: it is left out of the
//! tree, and the names it was defining are kept, so that their later uses can stay silent.
//!
//! Nothing here recurses, whatever the text: the parser's stack is on the heap, and the expressions
//! in the braces of strings hold no strings.

use super::ast::{Ast, StmtId};
use super::builder::Builder;
use super::generated::StatementParser;
use super::layout::{BracketFault, Piece, layout};
use super::place::Place;
use super::token::{Lexeme, Token, lex};
use super::{hints, lexical};
use crate::diag::{Diagnostic, Severity, Sink, codes};
use crate::patience;
use crate::source::{FileId, Span};
use lalrpop_util::ParseError;

/// Parses a text. Whatever the text is, there is an [`Ast`]; what was wrong with it is in the sink.
pub fn parse(file: FileId, text: &str, sink: &mut Sink) -> Ast {
    let layout = layout(&lex(text));
    let parser = StatementParser::new();
    let mut builder = Builder::new(file, text);
    for piece in &layout.pieces {
        let tokens = &layout.tokens[piece.tokens.clone()];
        let mark = builder.mark();
        if let Some(id) = statement(&parser, &mut builder, tokens, piece.fault).stmt {
            document(&mut builder, id, &piece.docs);
            builder.ast.top.push(id);
            warn_of_minus(&mut builder, piece, tokens);
        } else {
            builder.forget_since(mark);
            keep_failed_names(&mut builder, tokens);
        }
        // One bad statement is one report: a second error in it may be a consequence of the first.
        let mut first_error = true;
        for finding in builder.findings.drain(..) {
            let is_error = finding.severity == Severity::Error;
            if !is_error || std::mem::take(&mut first_error) {
                sink.push(finding);
            }
        }
    }
    builder.ast
}

/// Whether a text can be run as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It consists of whole statements, or of none.
    Complete,
    /// More lines could make it whole.
    Incomplete,
    /// No further line can mend it.
    Error,
}

/// Whether the REPL should run a text, wait for more lines, or report its error at once.
///
/// A whole statement is complete although the next line could go on with it (`using newton`): the REPL
/// asks [`starts_with_clause_word`](super::starts_with_clause_word) about that line.
pub fn completeness(text: &str) -> Completeness {
    let layout = layout(&lex(text));
    let parser = StatementParser::new();
    let mut builder = Builder::new(FileId(0), text);
    let mut verdict = Completeness::Complete;
    for piece in &layout.pieces {
        let tokens = &layout.tokens[piece.tokens.clone()];
        let outcome = statement(&parser, &mut builder, tokens, None);
        let broken = match piece.fault {
            Some(BracketFault::Unclosed { at: None, .. }) | None => outcome.stmt.is_none(),
            Some(_) => return Completeness::Error,
        };
        let is_last = piece.tokens.end == layout.tokens.len();
        if broken && !(outcome.wants_more && is_last) {
            return Completeness::Error;
        }
        if broken {
            verdict = Completeness::Incomplete;
        }
    }
    verdict
}

/// Parses the text of a pair of braces; a failure is among the findings of the builder.
pub(super) fn parse_fragment(b: &mut Builder<'_>, start: u32, end: u32) -> Option<StmtId> {
    let mut lexemes = lex(b.source(start, end));
    for lexeme in &mut lexemes {
        lexeme.start += start;
        lexeme.end += start;
    }
    let layout = layout(&lexemes);
    match layout.pieces.as_slice() {
        [piece] => {
            let tokens = &layout.tokens[piece.tokens.clone()];
            statement(&StatementParser::new(), b, tokens, piece.fault).stmt
        }
        _ => None,
    }
}

struct Outcome {
    /// The statement, unless an error was found in it.
    stmt: Option<StmtId>,
    /// Whether the only error is that the text ended too soon.
    wants_more: bool,
}

/// Parses one statement; what is wrong with it is among the findings of the builder.
fn statement(
    parser: &StatementParser,
    b: &mut Builder<'_>,
    tokens: &[Lexeme],
    fault: Option<BracketFault>,
) -> Outcome {
    let failed = |wants_more| Outcome { stmt: None, wants_more };
    if let Some(bad) = tokens.iter().find(|lexeme| lexeme.token.is_fault()) {
        b.report(lexical::report(*bad, b.ast.file, b.text));
        return failed(false);
    }
    if let Some(fault) = fault {
        b.report(bracket_report(fault, b));
        return failed(false);
    }
    let input = tokens.iter().map(|l| {
        patience::look();
        Ok((l.start, l.token, l.end))
    });
    match parser.parse(b, input) {
        Ok(id) if !b.has_error() => Outcome { stmt: Some(id), wants_more: false },
        Ok(_) => failed(false),
        Err(error) => {
            let wants_more = matches!(error, ParseError::UnrecognizedEof { .. });
            let finding = syntax_report(error, b, tokens);
            // What an action found lies before the place where the parser gave up.
            b.report(finding);
            failed(wants_more && b.n_errors() == 1)
        }
    }
}

fn syntax_report(
    error: ParseError<u32, Token, ()>,
    b: &Builder<'_>,
    tokens: &[Lexeme],
) -> Diagnostic {
    let (at, expected) = match error {
        ParseError::UnrecognizedToken { token: (start, ..), expected } => {
            (tokens.partition_point(|l| l.start < start), expected)
        }
        ParseError::UnrecognizedEof { expected, .. } => (tokens.len(), expected),
        // The other kinds come from a lexer of lalrpop's or from fallible actions; there are none.
        ParseError::InvalidToken { location }
        | ParseError::ExtraToken { token: (location, ..) } => {
            (tokens.partition_point(|l| l.start < location), vec![])
        }
        ParseError::User { .. } => (tokens.len(), vec![]),
    };
    hints::report(&Place::new(b.ast.file, b.text, tokens, at, &expected))
}

fn bracket_report(fault: BracketFault, b: &Builder<'_>) -> Diagnostic {
    let text = |l: Lexeme| l.text(b.text);
    let span = |l: Lexeme| b.span(l.start, l.end);
    let closer = |opener: Lexeme| match opener.token {
        Token::ParenOpen => ")",
        Token::SquareOpen => "]",
        _ => "}",
    };
    match fault {
        BracketFault::Unclosed { opener, at } => {
            let found = at.map_or("the end of the text".to_owned(), |at| format!("`{}`", text(at)));
            let closer = closer(opener);
            let report =
                Diagnostic::error(codes::E0203, format!("expected `{closer}`, found {found}"))
                    .at(span(opener), "this bracket is never closed")
                    .help(format!("add `{closer}` where the bracket should end"));
            match at {
                Some(at) => report.label(span(at), "a statement begins here"),
                None => report,
            }
        }
        BracketFault::Mismatch { opener: Some(opener), closer: wrong } => {
            let (due, found) = (closer(opener), text(wrong));
            Diagnostic::error(codes::E0202, format!("expected `{due}`, found `{found}`"))
                .at(span(wrong), "closes nothing of its kind")
                .label(span(opener), "this bracket is the innermost open one")
                .help(format!("write `{due}` here"))
        }
        BracketFault::Mismatch { opener: None, closer: wrong } => {
            let found = text(wrong);
            Diagnostic::error(codes::E0202, format!("found `{found}` without an opening bracket"))
                .at(span(wrong), "closes nothing")
                .help(format!("remove `{found}`, or add the bracket that it should close"))
        }
    }
}

fn document(b: &mut Builder<'_>, id: StmtId, docs: &[Lexeme]) {
    let doc = docs.iter().map(|doc| {
        let line = b.source(doc.start, doc.end).trim_start_matches("##");
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        b.add_text(line)
    });
    let doc = doc.collect();
    if let Some(stmt) = b.ast.stmts.get_mut(id.0 as usize) {
        stmt.doc = doc;
    }
}

/// Remembers the names that a failed statement was defining.
fn keep_failed_names(b: &mut Builder<'_>, tokens: &[Lexeme]) {
    let Some((first, rest)) = tokens.split_first() else { return };
    let is_name = |l: &&Lexeme| l.token == Token::Name;
    let names: Vec<&Lexeme> = match (first.token, rest) {
        (Token::Let, [open, pair @ ..]) if open.token == Token::ParenOpen => {
            pair.iter().take_while(|l| l.token != Token::ParenClose).filter(is_name).collect()
        }
        (Token::Let | Token::Fn | Token::Optimizer, _) => {
            rest.first().filter(is_name).into_iter().collect()
        }
        (Token::Var, _) => unknowns(rest),
        _ => vec![],
    };
    b.ast.failed_names.extend(names.into_iter().map(|l| l.text(b.text).to_owned()));
}

/// The names that begin the items of a `var`.
fn unknowns(rest: &[Lexeme]) -> Vec<&Lexeme> {
    let mut depth = 0i64;
    let mut begins = true;
    let mut names = vec![];
    for lexeme in rest {
        if begins && lexeme.token == Token::Name {
            names.push(lexeme);
        }
        depth += i64::from(lexeme.token.closer().is_some()) - i64::from(lexeme.token.is_closer());
        begins = depth == 0 && lexeme.token == Token::Comma;
    }
    names
}

fn warn_of_minus(b: &mut Builder<'_>, piece: &Piece, tokens: &[Lexeme]) {
    let span = |minus: Lexeme| Span::new(b.ast.file, minus.start, minus.end);
    let mut warnings = vec![];
    if let Some(minus) = piece.leading_minus {
        warnings.push(
            Diagnostic::warning(codes::W0001, "a line that starts with `-` is a new statement")
                .at(span(minus), "does not go on with the line before")
                .help("end the line before with `-`, or put the whole in parentheses"),
        );
    }
    if let Some(minus) = piece.sign_in_array {
        let next = tokens.get(tokens.partition_point(|l| l.start < minus.end));
        let operand = next.map_or("", |next| next.text(b.text));
        let short = if operand.len() <= 20 { operand } else { "2" };
        warnings.push(
            Diagnostic::warning(codes::W0003, "this minus is a subtraction, not a sign")
                .at(span(minus), "joins the two sides to one entry")
                .help(format!("write `, -{short}` for two entries, `- {short}` for a difference")),
        );
    }
    warnings.into_iter().for_each(|warning| b.report(warning));
}
