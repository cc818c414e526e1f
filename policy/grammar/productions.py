"""The hand-written part of the vocabulary: holes, productions and words.

A production is a pattern over the abstract grammar, written in Python's own syntax. Inside it a bare
word is a hole (`value=expr`), a dotted suffix names what changes for everything below that hole
(`body=block.loop`, see `CONTEXTS`), and all else is fixed (`orelse=[]`, `op=Add()`). Holes are filled in the order in
which the pattern writes them, so a value stands before the targets it is assigned to. Of the patterns
that fit a node the first one listed is used: folded variants stand above the general one.

Parallel lists become one list of pairs, whose elements are constructors that only this grammar knows:
`Dict(items)`, `Compare(left, rest)`, `arguments(posonly, args, vararg, kwonly, kwarg)`,
`MatchMapping(items, rest)`, `MatchClass(cls, patterns, keywords)`.
"""

# ruff: noqa: E501 (one production a line)

from typing import Final


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


OPERATORS: Final = words(
    "Add Sub Mult MatMult Div Mod Pow LShift RShift BitOr BitXor BitAnd FloorDiv"
)
COMPARISONS: Final = words("Eq NotEq Lt LtE Gt GtE Is IsNot In NotIn")
UNARY: Final = words("Invert Not UAdd USub")
BOOLEAN: Final = words("And Or")

# name, sorts of action it takes (`+` joins), and what is left in its place after an element (lists only).
HOLES: Final = """
module      module
block       stmt            stmts
stmts       stmt            stmts
expr        expr
callee      expr
element     expr
star_value  expr
slice       expr
match_value expr
cls         expr
exprs       expr            exprs
exprs1      expr            exprs
exprs2      expr            exprs1
elements    expr            elements
elements1   expr            elements
opt_expr    expr+none
parts       expr            parts
spec_parts  expr            spec_parts
target      expr
starred     expr
targets     expr            targets
targets1    expr            targets
elements_to expr            elements_to
elements_t2 expr            elements_t2
name_target expr
aug_target  expr
ann_target  expr
del_target  expr
del_targets expr            del_targets
dels1       expr            dels
dels        expr            dels
items       item            items
rest        comparison      rest
rest1       comparison      rest
generators  comprehension   generators
generators1 comprehension   generators
keyword     keyword
keywords    keyword         keywords
arguments   arguments
arg         arg+name
args        arg+name+default args
args_d      default         args_d
posonly     arg+name+default posonly
kwonly      arg+name+default kwonly
opt_arg     arg+name+none
handlers    handler         handlers
handlers1   handler         handlers
handlers_s  handler         handlers_s
handlers_s1 handler         handlers_s
withitems   withitem        withitems
withitems1  withitem        withitems2
withitems2  withitem        withitems3
withitems3  withitem        withitems
alias       alias+name
aliases     alias+name      aliases
aliases1    alias+name      aliases
cases       case            cases
cases1      case            cases
pattern     pattern
pattern_r   pattern
pattern_o   pattern
pattern_any pattern
patterns    pattern         patterns
patterns_s  pattern         patterns_s
patterns_c  pattern         patterns_c
patterns_o  pattern         patterns_o
map_items   map_item        map_items
kw_patterns kw_pattern      kw_patterns
ignores     type_ignore     ignores
bind        name
attr        name
arg_name    name
keyword_name name
import_name name
module_name name
opt_module  name+none
as_name     name
names       name            names
chars       char            chars
names1      name            names
capture     name
opt_capture name+none
int         const
text        const
opt_text    const+none
"""

# Lines are `sort name = pattern`; a `!` after the name adds a variant that also ends its list.
STATEMENTS: Final = """
module Module = Module(body=stmts, type_ignores=[])
module Module[*] = Module(body=stmts, type_ignores=ignores)
stmt Return! = Return(value=None)
stmt Return[value]! = Return(value=expr)
stmt Assign! = Assign(value=expr, targets=[target], type_comment=None)
stmt Assign[*] = Assign(value=expr, targets=targets1, type_comment=opt_text)
stmt Expr! = Expr(value=expr)
stmt If! = If(test=expr, body=block.last, orelse=[])
stmt If[else]! = If(test=expr, body=block, orelse=block.last)
stmt For! = For(iter=expr, target=target, body=block.loop.last, orelse=[], type_comment=None)
stmt For[else] = For(iter=expr, target=target, body=block.loop, orelse=block.last, type_comment=None)
stmt For[*] = For(iter=expr, target=target, body=block.loop, orelse=stmts, type_comment=opt_text)
stmt While! = While(test=expr, body=block.loop.last, orelse=[])
stmt While[else] = While(test=expr, body=block.loop, orelse=block.last)
stmt Break! = Break()
stmt Continue! = Continue()
stmt Pass! = Pass()
stmt def = FunctionDef(name=bind, args=arguments.scope, body=block.scope.func, decorator_list=[], returns=None, type_comment=None)
stmt FunctionDef[*] = FunctionDef(name=bind, decorator_list=exprs, args=arguments.scope, returns=opt_expr.annotation, type_comment=opt_text, body=block.scope.func)
stmt AsyncFunctionDef = AsyncFunctionDef(name=bind, args=arguments.scope, body=block.scope.afunc, decorator_list=[], returns=None, type_comment=None)
stmt AsyncFunctionDef[*] = AsyncFunctionDef(name=bind, decorator_list=exprs, args=arguments.scope, returns=opt_expr.annotation, type_comment=opt_text, body=block.scope.afunc)
stmt class = ClassDef(name=bind, bases=[], keywords=[], body=block.scope.klass, decorator_list=[])
stmt class[base] = ClassDef(name=bind, bases=[expr], keywords=[], body=block.scope.klass, decorator_list=[])
stmt ClassDef[*] = ClassDef(name=bind, decorator_list=exprs, bases=elements, keywords=keywords, body=block.scope.klass)
stmt Delete = Delete(targets=[del_target])
stmt Delete[*] = Delete(targets=dels1)
stmt AnnAssign[value] = AnnAssign(annotation=expr.annotation, value=expr, target=name_target, simple=1)
stmt AnnAssign = AnnAssign(annotation=expr.annotation, value=None, target=name_target, simple=1)
stmt AnnAssign[place,value] = AnnAssign(annotation=expr.annotation, value=expr, target=ann_target, simple=0)
stmt AnnAssign[place] = AnnAssign(annotation=expr.annotation, value=None, target=ann_target, simple=0)
stmt AsyncFor = AsyncFor(iter=expr, target=target, body=block.loop, orelse=[], type_comment=None)
stmt AsyncFor[*] = AsyncFor(iter=expr, target=target, body=block.loop, orelse=stmts, type_comment=opt_text)
stmt With[as] = With(items=[withitem(context_expr=expr, optional_vars=target)], body=block.nest.last, type_comment=None)
stmt With = With(items=[withitem(context_expr=expr, optional_vars=None)], body=block.nest.last, type_comment=None)
stmt With[*] = With(items=withitems1, body=block.nest, type_comment=opt_text)
stmt AsyncWith[as] = AsyncWith(items=[withitem(context_expr=expr, optional_vars=target)], body=block.nest, type_comment=None)
stmt AsyncWith[*] = AsyncWith(items=withitems1, body=block.nest, type_comment=opt_text)
stmt Match = Match(subject=expr, cases=cases1)
stmt Raise[exc]! = Raise(exc=expr, cause=None)
stmt Raise = Raise(exc=None, cause=None)
stmt Raise[cause] = Raise(exc=expr, cause=expr)
stmt Try! = Try(body=block.nest, handlers=handlers1.nest, orelse=[], finalbody=[])
stmt Try[finally] = Try(body=block.nest, handlers=[], orelse=[], finalbody=block.nest)
stmt Try[*] = Try(body=block.nest, handlers=handlers1.nest, orelse=stmts.nest, finalbody=stmts.nest)
stmt TryStar = TryStar(body=block.nest, handlers=handlers_s1.nest.star, orelse=stmts.nest, finalbody=stmts.nest)
stmt Assert = Assert(test=expr, msg=None)
stmt Assert[msg] = Assert(test=expr, msg=expr)
stmt Import = Import(names=[alias])
stmt Import[*] = Import(names=aliases1)
stmt ImportFrom = ImportFrom(module=module_name, names=[alias], level=0)
stmt ImportFrom[many] = ImportFrom(module=module_name, names=aliases1, level=0)
stmt ImportFrom[*] = ImportFrom(module=opt_module, names=aliases1, level=int)
stmt Global = Global(names=names1)
stmt Nonlocal = Nonlocal(names=names1)
handler except! = ExceptHandler(type=None, name=None, body=block)
handler except[type]! = ExceptHandler(type=expr, name=None, body=block)
handler except[name] = ExceptHandler(type=expr, name=bind, body=block)
withitem withitem = withitem(context_expr=expr, optional_vars=None)
withitem withitem[as] = withitem(context_expr=expr, optional_vars=target)
alias alias[as] = alias(name=import_name, asname=as_name)
case case! = match_case(pattern=pattern, guard=None, body=block)
case case[guard]! = match_case(pattern=pattern, guard=expr, body=block)
pattern MatchValue = MatchValue(value=match_value)
pattern MatchSequence = MatchSequence(patterns=patterns)
pattern MatchMapping = MatchMapping(items=map_items, rest=opt_capture)
pattern MatchClass = MatchClass(cls=cls, patterns=patterns_c, keywords=kw_patterns)
pattern MatchStar = MatchStar(name=None)
pattern MatchStar[name] = MatchStar(name=capture)
pattern MatchAs = MatchAs(pattern=None, name=None)
pattern MatchAs[name] = MatchAs(name=capture, pattern=None)
pattern MatchAs[pattern] = MatchAs(name=capture, pattern=pattern_r)
pattern MatchOr[2] = MatchOr(patterns=[pattern_o.alternative, pattern_o.alternative])
pattern MatchOr[*] = MatchOr(patterns=patterns_o.alternative)
pattern MatchSingleton[None] = MatchSingleton(value=None)
pattern MatchSingleton[True] = MatchSingleton(value=True)
pattern MatchSingleton[False] = MatchSingleton(value=False)
map_item map_item! = MapItem(key=match_value, pattern=pattern_any)
kw_pattern kw_pattern = KeywordPattern(name=keyword_name, pattern=pattern_any)
type_ignore TypeIgnore = TypeIgnore(lineno=int, tag=text)
"""

EXPRESSIONS: Final = """
expr NamedExpr = NamedExpr(value=expr, target=name_target)
expr Lambda[1] = Lambda(args=arguments(posonly=[], args=[arg.scope.plain], vararg=None, kwonly=[], kwarg=None), body=expr.scope.lam)
expr Lambda[0] = Lambda(args=arguments(posonly=[], args=[], vararg=None, kwonly=[], kwarg=None), body=expr.scope.lam)
expr Lambda[*] = Lambda(args=arguments.scope.plain, body=expr.scope.lam)
expr IfExp = IfExp(test=expr, body=expr, orelse=expr)
expr Dict[0] = Dict(items=[])
expr Dict[1] = Dict(items=[DictItem(key=expr, value=expr)])
expr Dict[*] = Dict(items=items)
expr Set[1] = Set(elts=[element])
expr Set[*] = Set(elts=elements1)
expr ListComp = ListComp(generators=[comprehension(iter=expr.comp, target=target.scope.comp, ifs=[], is_async=0)], elt=expr.scope.comp)
expr ListComp[if] = ListComp(generators=[comprehension(iter=expr.comp, target=target.scope.comp, ifs=[expr.scope.comp], is_async=0)], elt=expr.scope.comp)
expr ListComp[*] = ListComp(generators=generators1.scope.comp, elt=expr.scope.comp)
expr GeneratorExp = GeneratorExp(generators=[comprehension(iter=expr.comp, target=target.scope.comp, ifs=[], is_async=0)], elt=expr.scope.comp)
expr GeneratorExp[if] = GeneratorExp(generators=[comprehension(iter=expr.comp, target=target.scope.comp, ifs=[expr.scope.comp], is_async=0)], elt=expr.scope.comp)
expr GeneratorExp[*] = GeneratorExp(generators=generators1.scope.comp, elt=expr.scope.comp)
expr SetComp = SetComp(generators=[comprehension(iter=expr.comp, target=target.scope.comp, ifs=[], is_async=0)], elt=expr.scope.comp)
expr SetComp[*] = SetComp(generators=generators1.scope.comp, elt=expr.scope.comp)
expr DictComp = DictComp(generators=[comprehension(iter=expr.comp, target=target.scope.comp, ifs=[], is_async=0)], key=expr.scope.comp, value=expr.scope.comp)
expr DictComp[*] = DictComp(generators=generators1.scope.comp, key=expr.scope.comp, value=expr.scope.comp)
expr Await = Await(value=expr)
expr Yield = Yield(value=None)
expr Yield[value] = Yield(value=expr)
expr YieldFrom = YieldFrom(value=expr)
expr Compare[*] = Compare(left=expr, rest=rest1)
expr Call[0] = Call(func=callee, args=[], keywords=[])
expr Call[1] = Call(func=callee, args=[element], keywords=[])
expr Call[2] = Call(func=callee, args=[element, element], keywords=[])
expr Call[3] = Call(func=callee, args=[element, element, element], keywords=[])
expr Call[0,keyword] = Call(func=callee, args=[], keywords=[keyword])
expr Call[1,keyword] = Call(func=callee, args=[element], keywords=[keyword])
expr Call[*] = Call(func=callee, args=elements, keywords=keywords)
expr FormattedValue = FormattedValue(value=expr.fstring, conversion=-1, format_spec=None)
expr FormattedValue[s] = FormattedValue(value=expr.fstring, conversion=115, format_spec=None)
expr FormattedValue[r] = FormattedValue(value=expr.fstring, conversion=114, format_spec=None)
expr FormattedValue[a] = FormattedValue(value=expr.fstring, conversion=97, format_spec=None)
expr FormattedValue[spec] = FormattedValue(value=expr.fstring, conversion=-1, format_spec=JoinedStr(values=spec_parts))
expr FormattedValue[*] = FormattedValue(value=expr.fstring, conversion=int, format_spec=opt_expr)
expr JoinedStr = JoinedStr(values=parts.fstring)
expr Attribute = Attribute(value=expr, attr=attr)
expr Subscript = Subscript(value=expr, slice=slice)
expr Starred = Starred(value=same_value)
expr Tuple[2] = Tuple(elts=[same, same])
expr Tuple[3] = Tuple(elts=[same, same, same])
expr Tuple[0] = Tuple(elts=[])
expr Tuple[*] = Tuple(elts=same_list)
expr List[0] = List(elts=[])
expr List[1] = List(elts=[same])
expr List[2] = List(elts=[same, same])
expr List[3] = List(elts=[same, same, same])
expr List[*] = List(elts=same_list)
expr Slice = Slice(lower=None, upper=None, step=None)
expr Slice[lower] = Slice(lower=expr, upper=None, step=None)
expr Slice[upper] = Slice(lower=None, upper=expr, step=None)
expr Slice[step] = Slice(lower=None, upper=None, step=expr)
expr Slice[lower,upper] = Slice(lower=expr, upper=expr, step=None)
expr Slice[lower,step] = Slice(lower=expr, upper=None, step=expr)
expr Slice[upper,step] = Slice(lower=None, upper=expr, step=expr)
expr Slice[lower,upper,step] = Slice(lower=expr, upper=expr, step=expr)
item item = DictItem(key=expr, value=expr)
item item[**] = DictSpread(value=expr)
comprehension for = comprehension(iter=expr, target=target, ifs=[], is_async=0)
comprehension for[if] = comprehension(iter=expr, target=target, ifs=[expr], is_async=0)
comprehension for[*] = comprehension(iter=expr, target=target, ifs=exprs, is_async=0)
comprehension for[async] = comprehension(iter=expr, target=target, ifs=exprs, is_async=1)
keyword keyword = keyword(arg=keyword_name, value=expr)
keyword keyword[**] = keyword(arg=None, value=expr)
arguments arguments[0] = arguments(posonly=[], args=[], vararg=None, kwonly=[], kwarg=None)
arguments arguments[1] = arguments(posonly=[], args=[arg], vararg=None, kwonly=[], kwarg=None)
arguments arguments[2] = arguments(posonly=[], args=[arg, arg], vararg=None, kwonly=[], kwarg=None)
arguments arguments[3] = arguments(posonly=[], args=[arg, arg, arg], vararg=None, kwonly=[], kwarg=None)
arguments arguments[args] = arguments(posonly=[], args=args, vararg=None, kwonly=[], kwarg=None)
arguments arguments[*] = arguments(posonly=posonly, args=args, vararg=opt_arg, kwonly=kwonly, kwarg=opt_arg)
default default = Default(arg=arg, value=expr)
arg arg[annotation] = arg(arg=arg_name, annotation=expr.annotation, type_comment=None)
arg arg[*] = arg(arg=arg_name, annotation=opt_expr.annotation, type_comment=opt_text)
"""

BUILTINS: Final = words("""
    abs all any bin bool bytes callable chr complex dict divmod enumerate filter float format frozenset
    getattr hasattr hash hex id input int isinstance issubclass iter len list map max min next object oct
    open ord pow print range repr reversed round set setattr slice sorted str sum super tuple type zip
    AssertionError AttributeError Exception IndexError KeyError NotImplementedError OSError RuntimeError
    StopIteration TypeError ValueError ZeroDivisionError
""")
IDENTIFIERS: Final = words("self cls __init__ __name__")
IMPORTABLE: Final = words("""
    math re itertools collections functools heapq bisect operator string random copy sys datetime
    Counter defaultdict deque OrderedDict reduce groupby combinations permutations product chain
""")
ATTRIBUTES: Final = words("""
    capitalize center count endswith find format index isalnum isalpha isdigit islower isspace isupper
    join ljust lower lstrip partition replace rfind rindex rjust rstrip split splitlines startswith strip
    swapcase title translate upper zfill append clear copy extend insert pop remove reverse sort fromkeys
    get items keys popitem setdefault update values add difference discard intersection isdisjoint
    issubset issuperset union symmetric_difference encode decode bit_length is_integer appendleft popleft
    most_common ceil exp factorial floor gcd inf log log2 log10 pi pow sqrt sin cos heappush heappop
    heapify nlargest nsmallest chain combinations permutations product groupby accumulate Counter
    defaultdict deque OrderedDict reduce findall match search sub group compile bisect_left bisect_right
    deepcopy itemgetter left right next value
""")
KEYWORDS: Final = words("key reverse default start end sep strict maxsplit")
CONSTANTS: Final[tuple[object, ...]] = (
    None, True, False, ..., *range(17), 20, 26, 32, 50, 60, 64, 100, 255, 256, 1000, 10**6, 10**9 + 7,
    0.0, 0.5, 1.0, 2.0, "", " ", ",", ", ", "\n", "-", "0", "1", "a", "A",
)  # fmt: skip
CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789_ .,-:;!?'\"()[]{}<>=+*/%#@\n"
