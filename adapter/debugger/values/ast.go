package values

// nodeKind sorts the nodes of an expression.
type nodeKind uint8

const (
	nodeName   nodeKind = iota // text
	nodeScoped                 // scope::…::text, or ::text with an empty scope
	nodeConst                  // value
	nodeText                   // a string literal: text
	nodeReg                    // $text
	nodeNil                    // Go's nil
	nodeParen                  // (kids[0])
	nodeUnary                  // text kids[0]
	nodeBinary                 // kids[0] text kids[1]
	nodeCond                   // kids[0] ? kids[1] : kids[2]
	nodeMember                 // kids[0].text, or with arrow kids[0]->text
	nodeIndex                  // kids[0][kids[1]]
	nodeSlice                  // kids[0][kids[1]:kids[2]], either bound may be nil
	nodeCall                   // kids[0](kids[1:]…): a conversion or built-in of Go, or else refused
	nodeCast                   // (typ)kids[0]
	nodeAt                     // {typ} kids[0]
	nodeAssert                 // kids[0].(typ)
	nodeSizeof                 // sizeof(typ), or sizeof kids[0]
	nodeType                   // a type of Go where an expression stands, to be called: typ
)

// Precedence classes of a node's source text, for putting other text around it.
const (
	precPostfix = iota // can be followed by . or [
	precUnary
	precLow
)

// node is a node of an expression. Immutable, but for the cache.
type node struct {
	kind     nodeKind
	arrow    bool
	pos, end int // in the source, bytes; end is exclusive
	at       int // where its operator is, for errors
	depth    int // of the tree below, at least 1
	text     string
	scope    []string
	kids     []*node
	typ      *typeNode
	value    constant
	cache    nameCache
}

// constant is the value of a literal.
type constant struct {
	kind   constKind
	bits   uint64  // integers and characters
	float  float64 // floats
	suffix string  // of a C number, lower case: "u", "ul", "f"
	base   int     // that the number was written in
}

type constKind uint8

const (
	constInt constKind = iota
	constChar
	constFloat
)

// typeKind sorts the nodes of a type.
type typeKind uint8

const (
	typeName    typeKind = iota // name
	typePointer                 // to elem
	typeArray                   // n of elem
	typeFunc                    // returning elem; the parameters are not kept
)

// typeNode is a type as written.
type typeNode struct {
	kind typeKind
	pos  int
	name string // canonical: "unsigned long", "struct node", "main.T", "[]int"
	elem *typeNode
	n    int64
}

func (n *node) prec() int {
	switch n.kind {
	case nodeUnary, nodeSizeof, nodeCast, nodeAt:
		return precUnary
	case nodeBinary, nodeCond:
		return precLow
	}
	return precPostfix
}
