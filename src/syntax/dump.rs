//! Tokens and trees as text, for `--show tokens`, `--show ast` and the tests.
//!
//! In comes an [`Ast`]; out go S-expressions: `a + b*c` is `(+ a (* b c))`. A form is its head and its
//! parts in the order of the source; every part of the tree shows, spans do not. The writer keeps a
//! stack of what is still to be written, so a tree of any depth can be shown.

mod forms;

use super::ast::{Ast, NodeId, StmtId};
use super::layout::layout;
use super::token::lex;
use std::borrow::Cow;
use std::fmt::Write;

/// Something still to be written.
enum Task<'a> {
    Text(Cow<'a, str>),
    Node(NodeId),
    Stmt(StmtId),
}

/// A form in the making: tasks in order, with blanks between its parts.
struct Form<'a> {
    tasks: Vec<Task<'a>>,
}

impl<'a> Form<'a> {
    fn new(head: impl Into<Cow<'a, str>>) -> Self {
        Self { tasks: vec![Task::Text("(".into()), Task::Text(head.into())] }
    }

    fn text(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.tasks.extend([Task::Text(" ".into()), Task::Text(text.into())]);
        self
    }

    fn node(mut self, node: NodeId) -> Self {
        self.tasks.extend([Task::Text(" ".into()), Task::Node(node)]);
        self
    }

    fn nodes(self, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        nodes.into_iter().fold(self, Form::node)
    }

    fn stmt(mut self, stmt: StmtId) -> Self {
        self.tasks.extend([Task::Text(" ".into()), Task::Stmt(stmt)]);
        self
    }

    fn form(mut self, form: Form<'a>) -> Self {
        self.tasks.push(Task::Text(" ".into()));
        self.tasks.extend(form.done());
        self
    }

    fn forms(self, forms: impl IntoIterator<Item = Form<'a>>) -> Self {
        forms.into_iter().fold(self, Form::form)
    }

    fn done(mut self) -> Vec<Task<'a>> {
        self.tasks.push(Task::Text(")".into()));
        self.tasks
    }
}

impl Ast {
    /// A node as an S-expression.
    pub fn dump(&self, node: NodeId) -> String {
        self.write_out(Task::Node(node))
    }

    /// A statement as an S-expression.
    pub fn dump_stmt(&self, stmt: StmtId) -> String {
        self.write_out(Task::Stmt(stmt))
    }

    /// All statements, one a line.
    pub fn dump_all(&self) -> String {
        self.top.iter().map(|stmt| self.dump_stmt(*stmt) + "\n").collect()
    }

    fn write_out<'a>(&'a self, task: Task<'a>) -> String {
        let mut out = String::new();
        let mut stack = vec![task];
        while let Some(task) = stack.pop() {
            match task {
                Task::Text(text) => out.push_str(&text),
                Task::Node(id) => stack.extend(forms::of_node(self, id).into_iter().rev()),
                Task::Stmt(id) => stack.extend(forms::of_stmt(self, id).into_iter().rev()),
            }
        }
        out
    }
}

/// The tokens of a text as the grammar sees them: one a line, its bytes, kind and text, with a blank
/// line between statements.
pub fn dump_tokens(text: &str) -> String {
    let layout = layout(&lex(text));
    let mut out = String::new();
    for (index, piece) in layout.pieces.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        for lexeme in &layout.tokens[piece.tokens.clone()] {
            let (start, end) = (lexeme.start, lexeme.end);
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{start}..{end} {:?} {:?}", lexeme.token, lexeme.text(text));
        }
    }
    out
}
