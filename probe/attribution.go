package probe

// Confidence says how much an attribution can be relied on. It speaks of the layer only.
type Confidence string

// The grades of confidence.
const (
	// Certain: sound elimination left one layer, under the assumptions that the reasons name, never from what the
	// plan declares.
	Certain Confidence = "certain"
	// Likely: something weaker was used; the reasons name it.
	Likely Confidence = "likely"
	// Ambiguous: several layers are left.
	Ambiguous Confidence = "ambiguous"
	// UnknownConfidence: no fingerprint matches.
	UnknownConfidence Confidence = "unknown"
)

// Candidate is a layer, and a cause within it, that may have answered.
type Candidate struct {
	Layer Layer `json:"layer"`
	Cause Cause `json:"cause"`
}

// Attribution is the layer that rejected one request, and the grounds for saying so.
type Attribution struct {
	Layer      Layer      `json:"layer"` // "" if unknown; None if accepted
	Cause      Cause      `json:"cause"` // "" where the candidates of the layer do not share one
	Confidence Confidence `json:"confidence"`
	// Candidates are all that sound steps left, the likelier first; the first is Layer's. What only weaker steps put
	// aside stays on the list behind, because it stays possible.
	Candidates []Candidate `json:"candidates"`
	Because    []string    `json:"because"`
	Evidence   []string    `json:"evidence"`

	// Received is what the answer tells of how the request arrived, empty if nothing.
	Received string `json:"-"`
	// Plausible are the layers that are left after the weaker steps, too; verdicts are judged by them.
	Plausible []Layer `json:"-"`
	// Undeclared are the layers that are left after the weaker steps but for those that rest on the plan's posture.
	Undeclared []Layer `json:"-"`
	// Sound are the layers that sound steps left.
	Sound []Layer `json:"-"`
	// API is the kind of API that the answer shows, "" if it shows none; Foreign says that it is not the declared kind, so
	// that another API must have answered.
	API     APIType `json:"-"`
	Foreign bool    `json:"-"`
	// Misdated says that the signature was dated wrongly on purpose, and that our clock is wrong, too.
	Misdated bool `json:"-"`
	// Behind are gates that the answer's text shows to be behind the request, if Layer gave it.
	Behind []Layer `json:"-"`
	// Capped marks an answer that can be likely at most, whatever is left.
	Capped bool `json:"-"`
	// TokenExpired says that the token that was sent had expired by then.
	TokenExpired bool `json:"-"`
	// Stale marks an answer that was given before, to another request: it proves nothing.
	Stale bool `json:"-"`
}
