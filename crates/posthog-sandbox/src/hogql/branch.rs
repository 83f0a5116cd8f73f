//! Parses a statement into branches: the SELECTs of its UNION ALLs, each with its own ORDER BY and LIMIT.

use sqlparser::ast::{Expr, LimitClause, OrderByExpr, OrderByKind, Query, Select, SetExpr, SetOperator, SetQuantifier, Value};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer};

use super::dialect::HogQl;
use super::tokens::{self, is_keyword};
use super::{BadHogQl, Understood, reject};

/// In bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// The limit of words and operators in a statement, without values: a deeper tree might not fit on the stack of
/// [`super::plan_apart`].
const MOST_WORDS: usize = 2000;

/// SQLite's own limit is 500.
const MOST_BRANCHES: usize = 100;

#[derive(Debug)]
pub(super) struct Branch {
    pub(super) select: Box<Select>,
    pub(super) order_by: Vec<OrderByExpr>,
    pub(super) part: Part,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) limit: Option<usize>,
    pub(super) offset: Option<usize>,
}

/// All branches of a query, and the LIMIT and OFFSET of the whole.
#[derive(Debug)]
pub(super) struct Branches {
    pub(super) all: Vec<Branch>,
    pub(super) part: Part,
}

impl Part {
    pub(super) fn is_all(self) -> bool {
        self == Self::default()
    }

    /// A LIMIT around parentheses replaces the LIMIT inside.
    fn overridden_by(self, outer: Self) -> Self {
        Self { limit: outer.limit.or(self.limit), offset: outer.offset.or(self.offset) }
    }
}

impl Branches {
    fn one(branch: Branch) -> Self {
        Self { all: vec![branch], part: Part::default() }
    }

    /// For branches in parentheses, followed by ORDER BY and LIMIT.
    fn limited(mut self, order_by: &[OrderByExpr], outer: Part) -> Understood<Self> {
        // PostHog's parser accepts and ignores such an ORDER BY.
        if !order_by.is_empty() {
            return reject("ORDER BY around a query in parentheses is not supported by this sandbox.");
        }
        let part = match self.all.as_mut_slice() {
            [only] => &mut only.part,
            _ => &mut self.part,
        };
        *part = part.overridden_by(outer);
        Ok(self)
    }

    fn and(mut self, more: Self) -> Understood<Self> {
        if !self.part.is_all() || !more.part.is_all() {
            return reject("A UNION ALL with a LIMIT of its own inside another is not supported by this sandbox.");
        }
        self.all.extend(more.all);
        Ok(self)
    }
}

pub(super) fn parse(statement: &str) -> Understood<Branches> {
    if statement.len() > LONGEST {
        return reject(format!("Query is longer than {LONGEST} bytes."));
    }
    let tokens = Tokenizer::new(&HogQl, statement).tokenize().map_err(|why| BadHogQl(format!("Syntax error: {why}")))?;
    if tokens.iter().filter(|token| is_word(token)).count() > MOST_WORDS {
        return reject("Query is too complex.");
    }
    let tokens = tokens::prepared(tokens);
    if tokens.windows(2).any(|pair| is_keyword(&pair[0], Keyword::LIMIT) && is_keyword(&pair[1], Keyword::ALL)) {
        return reject("LIMIT ALL is not supported.");
    }
    let mut queries = Vec::new();
    for piece in pieces(tokens)? {
        let mut parser = Parser::new(&HogQl).with_tokens(piece);
        let query = parser.parse_query().map_err(syntax_error)?;
        let rest = parser.peek_token();
        if rest.token != Token::EOF {
            return reject(format!("Syntax error: unexpected `{rest}`"));
        }
        queries.push(*query);
    }
    let branches = united(queries)?;
    if branches.all.len() > MOST_BRANCHES {
        return reject("Query is too complex.");
    }
    Ok(branches)
}

fn syntax_error(why: ParserError) -> BadHogQl {
    match why {
        ParserError::RecursionLimitExceeded => BadHogQl("Query is too complex.".into()),
        ParserError::TokenizerError(why) | ParserError::ParserError(why) => BadHogQl(format!("Syntax error: {why}")),
    }
}

fn is_word(token: &Token) -> bool {
    !matches!(token, Token::Whitespace(_) | Token::Comma | Token::SingleQuotedString(_) | Token::Number(..))
}

/// Splits the tokens at each UNION ALL outside of parentheses: HogQL, unlike the SQL parser, allows a LIMIT before it.
fn pieces(tokens: Vec<Token>) -> Understood<Vec<Vec<Token>>> {
    let mut pieces = vec![Vec::new()];
    let mut depth = 0_i32;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::SemiColon if tokens.peek().is_none() => continue,
            union if depth == 0 && is_keyword(union, Keyword::UNION) => {
                if !tokens.next().is_some_and(|next| is_keyword(&next, Keyword::ALL)) {
                    return reject("Only UNION ALL is supported by this sandbox.");
                }
                pieces.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(token);
        }
    }
    Ok(pieces)
}

/// Joins queries by UNION ALL. An ORDER BY and LIMIT at the end belong to the last query, or to all queries if the last one is in
/// parentheses.
fn united(mut queries: Vec<Query>) -> Understood<Branches> {
    let in_parentheses = |query: &Query| matches!(*query.body, SetExpr::Query(_));
    let mut outer = (Vec::new(), Part::default());
    if let [before @ .., last] = queries.as_mut_slice()
        && !before.is_empty()
    {
        if before.iter().any(|query| in_parentheses(query) && (query.limit_clause.is_some() || query.order_by.is_some())) {
            return reject("Syntax error: a LIMIT before UNION ALL must be inside the parentheses.");
        }
        if in_parentheses(last) {
            outer = (order(last.order_by.take().map(|order_by| order_by.kind))?, part(last.limit_clause.take())?);
        }
    }
    let all = queries.into_iter().map(of_query).reduce(|all, more| all?.and(more?));
    all.unwrap_or_else(|| reject("Syntax error: the statement has no SELECT."))?.limited(&outer.0, outer.1)
}

pub(super) fn of_query(query: Query) -> Understood<Branches> {
    if query.with.is_some() {
        return reject("WITH is not supported by this sandbox.");
    }
    if query.fetch.is_some() || query.settings.is_some() || query.format_clause.is_some() || !query.pipe_operators.is_empty() {
        return reject("FETCH, SETTINGS and FORMAT are not supported.");
    }
    let order_by = order(query.order_by.map(|order_by| order_by.kind))?;
    let part = part(query.limit_clause)?;
    match *query.body {
        SetExpr::Select(select) => Ok(Branches::one(Branch { select, order_by, part })),
        body @ SetExpr::Query(_) => of_body(body)?.limited(&order_by, part),
        SetExpr::SetOperation { ref right, .. } if matches!(**right, SetExpr::Query(_)) => of_body(*query.body)?.limited(&order_by, part),
        body => {
            let mut branches = of_body(body)?;
            if let Some(last) = branches.all.last_mut() {
                (last.order_by, last.part) = (order_by, part);
            }
            Ok(branches)
        }
    }
}

fn of_body(body: SetExpr) -> Understood<Branches> {
    match body {
        SetExpr::Select(select) => Ok(Branches::one(Branch { select, order_by: Vec::new(), part: Part::default() })),
        SetExpr::Query(query) => of_query(*query),
        SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier: SetQuantifier::All, right } => {
            of_body(*left)?.and(of_body(*right)?)
        }
        other => reject(format!("This statement is not supported by this sandbox: {other}")),
    }
}

fn order(kind: Option<OrderByKind>) -> Understood<Vec<OrderByExpr>> {
    match kind {
        None => Ok(Vec::new()),
        Some(OrderByKind::Expressions(order_by)) => Ok(order_by),
        Some(OrderByKind::All(_)) => reject("ORDER BY ALL is not supported."),
    }
}

fn part(clause: Option<LimitClause>) -> Understood<Part> {
    match clause {
        None => Ok(Part::default()),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
            if !limit_by.is_empty() {
                return reject("LIMIT BY is not supported by this sandbox.");
            }
            let limit = limit.map(|limit| whole(&limit)).transpose()?;
            Ok(Part { limit, offset: offset.map(|offset| whole(&offset.value)).transpose()? })
        }
        // PostHog's parser reads `LIMIT 2, 3` as LIMIT 2 OFFSET 3; ClickHouse reads it as LIMIT 3 OFFSET 2.
        Some(LimitClause::OffsetCommaLimit { offset: first, limit: second }) => {
            Ok(Part { limit: Some(whole(&first)?), offset: Some(whole(&second)?) })
        }
    }
}

fn whole(expression: &Expr) -> Understood<usize> {
    if let Expr::Value(value) = expression
        && let Value::Number(digits, _) = &value.value
        && let Ok(number) = digits.parse()
    {
        return Ok(number);
    }
    reject(format!("LIMIT and OFFSET require a whole number, not `{expression}`."))
}
