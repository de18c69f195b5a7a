"""Groups by the names of references, in two levels: by the references first, whose names are then asked once each.

A name costs a call out of SQLite; asked for every one of a million lines it costs more than all the rest. Sums, counts,
minima and maxima of groups are those of their parts, so that references of one name still are one group.
"""

from sqlglot import exp

NAME = "ns_df"
_AGGREGATES = (exp.Sum, exp.Count, exp.Min, exp.Max)
_PLAIN = frozenset(("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset"))


class _NotSo(Exception):
    """The query is none that can be grouped in two levels: it is answered as it is."""


def in_two_levels(tree: exp.Expr) -> exp.Expr:
    """The same rows from a query that groups by BUILTIN.DF (already `ns_df`); any other query as it is."""
    group = tree.args.get("group") if isinstance(tree, exp.Select) else None
    if group is None or {name for name, value in tree.args.items() if value} - _PLAIN:
        return tree
    if not any(_is_name(one) for one in group.expressions):
        return tree
    try:
        return _Levels(tree, group).query()
    except _NotSo:
        return tree


def _is_name(node: object) -> bool:
    return isinstance(node, exp.Anonymous) and node.name == NAME


class _Levels:
    def __init__(self, tree: exp.Expr, group: exp.Expr) -> None:
        self._tree, self._group = tree, group
        self._keys: dict[str, exp.Expr] = {}  # text of a column -> the column
        self._parts: dict[str, exp.Expr] = {}  # text of an aggregate -> the aggregate
        for one in group.expressions:
            if not (isinstance(one, exp.Column) or _is_name(one)):
                raise _NotSo
            for column in one.find_all(exp.Column):
                self._keys[_text(column)] = column.copy()

    def query(self) -> exp.Expr:
        """The outer level over the inner one. Raises _NotSo."""
        shown = {one.alias.lower() for one in self._tree.expressions if isinstance(one, exp.Alias)}
        columns = [self._shown(one) for one in self._tree.expressions]
        groups = [self._outer(one) for one in self._group.expressions]
        having, order = self._tree.args.get("having"), self._tree.args.get("order")
        outer = self._tree.copy()
        outer.set("having", having and exp.Having(this=self._outer(having.this)))
        if order:
            outer.set("order", exp.Order(expressions=[self._ordered(one, shown) for one in order.expressions]))
        inner = exp.Select(
            expressions=[
                *(exp.alias_(column, f"k{at}") for at, column in enumerate(self._keys.values())),
                *(exp.alias_(part, f"a{at}") for at, part in enumerate(self._parts.values())),
            ],
            group=exp.Group(expressions=[column.copy() for column in self._keys.values()]),
            **{name: self._tree.args[name] for name in ("from_", "joins", "where") if self._tree.args.get(name)},
        )
        outer.set("expressions", columns)
        outer.set("from_", exp.From(this=exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("g")))))
        outer.set("group", exp.Group(expressions=groups))
        for name in ("joins", "where"):
            outer.set(name, None)
        return outer

    def _shown(self, one: exp.Expr) -> exp.Expr:
        made = self._outer(one)
        return exp.alias_(made, one.name) if isinstance(one, exp.Column) else made

    def _ordered(self, one: exp.Expr, shown: set[str]) -> exp.Expr:
        by = one.this
        if isinstance(by, exp.Literal) or (isinstance(by, exp.Column) and not by.table and by.name.lower() in shown):
            return one.copy()
        made = one.copy()
        made.set("this", self._outer(by))
        return made

    def _outer(self, node: exp.Expr) -> exp.Expr:
        """The expression over the inner level's columns. Raises _NotSo."""
        if isinstance(node, exp.Window | exp.Query | exp.Star | exp.Avg):
            raise _NotSo
        if isinstance(node, _AGGREGATES):
            return self._aggregate(node)
        if isinstance(node, exp.Column):
            if _text(node) not in self._keys:
                raise _NotSo
            return exp.column(f"k{list(self._keys).index(_text(node))}", table="g")
        made = node.copy()
        for name, value in node.args.items():
            if isinstance(value, exp.Expr):
                made.set(name, self._outer(value))
            elif isinstance(value, list):
                made.set(name, [self._outer(one) if isinstance(one, exp.Expr) else one for one in value])
        return made

    def _aggregate(self, node: exp.Expr) -> exp.Expr:
        if node.find(exp.Distinct) or node.args.get("expressions"):
            raise _NotSo
        self._parts.setdefault(node.sql(), node.copy())
        column = exp.column(f"a{list(self._parts).index(node.sql())}", table="g")
        return exp.Sum(this=column) if isinstance(node, exp.Count) else type(node)(this=column)


def _text(column: exp.Expr) -> str:
    return column.sql().lower()
