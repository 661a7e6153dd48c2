//! The form of each node and statement. A part that is left out in the source is left out here.

use super::super::ast::{
    Arg, Ast, BinOp, Binding, Bound, Clause, ClauseKind, CmpOp, Command, Constraint, Definition,
    Domain, GenClause, Generator, IndexEntry, Node, NodeId, OptimizerLine, OverItem, Piece,
    ShapeExpr, StmtId, StmtKind, TuneItem, VarItem,
};
use super::{Form, Task};

/// What is to be written for a node.
pub(super) fn of_node(ast: &Ast, id: NodeId) -> Vec<Task<'_>> {
    let text = |text: &str| vec![Task::Text(text.to_owned().into())];
    let form = match ast.node(id) {
        Node::Number(digits) => return text(ast.text(*digits)),
        Node::Str(value) => return text(&format!("{:?}", ast.text(*value))),
        Node::Name(name) => return text(ast.name(*name)),
        Node::Format(pieces) => Form::new("format").forms(pieces.iter().map(|p| piece(ast, p))),
        Node::Point(bindings) => Form::new("point").forms(bindings.iter().map(binding)),
        Node::Call { callee, args } => {
            args.iter().fold(Form::new("call").node(*callee), |f, arg| argument(ast, f, arg))
        }
        Node::Array(entries) => Form::new("array").nodes(entries.iter().copied()),
        Node::Matrix(rows) => Form::new("matrix")
            .forms(rows.iter().map(|row| Form::new("row").nodes(row.iter().copied()))),
        Node::Comprehension(inner) => generator(ast, "comprehension", inner),
        Node::Generator(inner) => generator(ast, "generator", inner),
        Node::Index { base, entries } => {
            entries.iter().fold(Form::new("index").node(*base), |form, entry| match entry {
                IndexEntry::All(_) => form.text(":"),
                IndexEntry::At(at) => form.node(*at),
            })
        }
        Node::Field { base, field } => Form::new("field").node(*base).text(ast.ident(*field)),
        Node::Transpose(of) => Form::new("'").node(*of),
        Node::Neg(of) => Form::new("neg").node(*of),
        Node::Not(of) => Form::new("not").node(*of),
        Node::Nabla { order, of } => Form::new(if *order == 1 { "∇" } else { "∇²" }).node(*of),
        Node::Binary { op, left, right } => Form::new(op.text()).node(*left).node(*right),
        Node::Compare { first, rest } => compare(*first, rest),
        Node::And(left, right) => Form::new("and").node(*left).node(*right),
        Node::Or(left, right) => Form::new("or").node(*left).node(*right),
        Node::Range { low, high } => Form::new("..").node(*low).node(*high),
        Node::If { cond, then, other } => Form::new("if").nodes([*cond, *then, *other]),
        Node::At { expr, point } => Form::new("at").node(*expr).node(*point),
        Node::Where { body, defs } => {
            Form::new("where").node(*body).forms(defs.iter().map(|def| definition(ast, def)))
        }
        Node::Command(inner) => command(ast, inner),
    };
    form.done()
}

/// What is to be written for a statement.
pub(super) fn of_stmt(ast: &Ast, id: StmtId) -> Vec<Task<'_>> {
    let stmt = ast.stmt(id);
    let form = match &stmt.kind {
        StmtKind::Var(items) => Form::new("var").forms(items.iter().map(|item| unknown(ast, item))),
        StmtKind::Let { name, value } => Form::new("let").text(ast.ident(*name)).node(*value),
        StmtKind::LetPair { names: [a, b], value } => {
            let pair = format!("({} {})", ast.ident(*a), ast.ident(*b));
            Form::new("let").text(pair).node(*value)
        }
        StmtKind::Fn { name, params, body } => {
            let params = params.iter().fold(Form::new("params"), |form, param| {
                let name = ast.ident(param.name);
                match &param.shape {
                    None => form.text(name),
                    Some(given) => form.form(Form::new(name).form(shape(given))),
                }
            });
            Form::new("fn").text(ast.ident(*name)).form(params).node(*body)
        }
        StmtKind::UseName(name) => Form::new("use").text(ast.ident(*name)),
        StmtKind::UseFile(path, _) => Form::new("use").text(format!("{:?}", ast.text(*path))),
        StmtKind::Seed(value) => Form::new("seed").node(*value),
        StmtKind::For { index, range, body } => {
            let head = Form::new("for").text(ast.ident(*index)).node(*range);
            body.iter().fold(head, |form, stmt| form.stmt(*stmt))
        }
        StmtKind::Optimizer { name, options, body } => {
            let options = options.iter().fold(Form::new("options"), |form, option| {
                let name = ast.ident(option.name);
                match option.default {
                    None => form.text(name),
                    Some(value) => form.form(Form::new("=").text(name).node(value)),
                }
            });
            let body = body.iter().map(|line| optimizer_line(ast, line));
            Form::new("optimizer").text(ast.ident(*name)).form(options).forms(body)
        }
        StmtKind::Command(node) | StmtKind::Expr(node) => return vec![Task::Node(*node)],
    };
    form.done()
}

impl BinOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::DotAdd => ".+",
            Self::DotSub => ".-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::DotMul => ".*",
            Self::DotDiv => "./",
            Self::Pow => "^",
            Self::DotPow => ".^",
        }
    }
}

impl CmpOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

fn piece<'a>(ast: &'a Ast, piece: &Piece) -> Form<'a> {
    match piece {
        Piece::Text(text) => Form::new("text").text(format!("{:?}", ast.text(*text))),
        Piece::Value { value, format: None, .. } => Form::new("value").node(*value),
        Piece::Value { value, format: Some(format), .. } => {
            Form::new("value").node(*value).text(format!("{:?}", ast.text(*format)))
        }
    }
}

fn binding<'a>(binding: &Binding) -> Form<'a> {
    Form::new("=").node(binding.target).node(binding.value)
}

fn definition<'a>(ast: &'a Ast, def: &Definition) -> Form<'a> {
    Form::new("=").text(ast.ident(def.name)).node(def.value)
}

fn argument<'a>(ast: &'a Ast, form: Form<'a>, arg: &Arg) -> Form<'a> {
    match arg.name {
        None => form.node(arg.value),
        Some(name) => form.form(Form::new("=").text(ast.ident(name)).node(arg.value)),
    }
}

fn generator<'a>(ast: &'a Ast, head: &'static str, inner: &Generator) -> Form<'a> {
    generator_clauses(ast, Form::new(head).node(inner.body), &inner.clauses)
}

fn generator_clauses<'a>(ast: &'a Ast, form: Form<'a>, clauses: &[GenClause]) -> Form<'a> {
    form.forms(clauses.iter().map(|clause| match clause {
        GenClause::For { index, range } => Form::new("for").text(ast.ident(*index)).node(*range),
        GenClause::If(cond) => Form::new("if").node(*cond),
    }))
}

fn compare<'a>(first: NodeId, rest: &[(CmpOp, NodeId)]) -> Form<'a> {
    if let [(op, second)] = rest {
        return Form::new(op.text()).node(first).node(*second);
    }
    let head = Form::new("chain").node(first);
    rest.iter().fold(head, |form, (op, next)| form.text(op.text()).node(*next))
}

fn command<'a>(ast: &'a Ast, command: &Command) -> Form<'a> {
    Form::new(command.kind.word())
        .nodes(command.subjects.iter().copied())
        .forms(command.parameters.iter().map(|item| parameter(ast, item)))
        .forms(command.clauses.iter().map(|item| clause(ast, item)))
}

fn parameter<'a>(ast: &'a Ast, item: &TuneItem) -> Form<'a> {
    let form = Form::new("in").text(ast.ident(item.name));
    match &item.domain {
        Domain::Choices(choices) => form.form(Form::new("choices").nodes(choices.iter().copied())),
        Domain::Interval(interval) => form.node(*interval),
    }
}

fn clause<'a>(ast: &'a Ast, clause: &Clause) -> Form<'a> {
    let form = Form::new(clause.kind.word());
    match &clause.kind {
        ClauseKind::Over(items) => {
            items.iter().fold(form, |form, OverItem { target, range }| match range {
                None => form.node(*target),
                Some(range) => form.form(Form::new("in").node(*target).node(*range)),
            })
        }
        ClauseKind::FromPoint(bindings) => form.forms(bindings.iter().map(binding)),
        ClauseKind::SubjectTo(list) => form.forms(list.iter().map(|item| constraint(ast, item))),
        ClauseKind::Using(nodes) | ClauseKind::With(nodes) => form.nodes(nodes.iter().copied()),
        ClauseKind::Wrt(nodes) | ClauseKind::For(nodes) => form.nodes(nodes.iter().copied()),
        ClauseKind::FromValue(node) | ClauseKind::To(node) | ClauseKind::At(node) => {
            form.node(*node)
        }
        ClauseKind::Minimizing(node) | ClauseKind::Maximizing(node) | ClauseKind::Step(node) => {
            form.node(*node)
        }
    }
}

/// A constraint without label and family is its body alone within a form.
fn constraint<'a>(ast: &'a Ast, constraint: &Constraint) -> Form<'a> {
    let form = Form::new("constraint");
    let form = match constraint.label {
        None => form,
        Some(label) => form.text(format!("{}:", ast.ident(label))),
    };
    generator_clauses(ast, form.node(constraint.body), &constraint.clauses)
}

fn shape<'a>(shape: &ShapeExpr) -> Form<'a> {
    Form::new("R").nodes(shape.dims.iter().copied())
}

fn unknown<'a>(ast: &'a Ast, item: &VarItem) -> Form<'a> {
    let mut form = Form::new(ast.ident(item.name));
    if let Some(given) = &item.shape {
        form = form.form(shape(given));
    }
    form = match item.bound {
        None => form,
        Some(Bound::In(range)) => form.form(Form::new("in").node(range)),
        Some(Bound::Side(op, value)) => form.form(Form::new(op.text()).node(value)),
    };
    match item.start {
        None => form,
        Some(value) => form.form(Form::new("=").node(value)),
    }
}

fn optimizer_line<'a>(ast: &'a Ast, line: &OptimizerLine) -> Form<'a> {
    match line {
        OptimizerLine::State(defs) => {
            Form::new("state").forms(defs.iter().map(|def| definition(ast, def)))
        }
        OptimizerLine::Let(def) => Form::new("let").text(ast.ident(def.name)).node(def.value),
        OptimizerLine::Update(def) => Form::new("<-").text(ast.ident(def.name)).node(def.value),
    }
}
