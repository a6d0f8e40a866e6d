# The clinician's desk and the overlays on it.
overlay-slices = Images
overlay-structures = Structures
overlay-dose = Dose
overlay-show = Shown or hidden
overlay-coarser = Coarser than the data, voxels in one texel:

review-point = At the cross
review-play = Play
review-pause = Pause
review-no-beam = No plan here whose delivery can be shown
review-not-clinical = Education and viewing. Not for clinical decisions

view-room = In the room, at life size
plane-axial = Axial
plane-coronal = Coronal
plane-sagittal = Sagittal

slices-window = Window
slices-fused = Fused
slices-nothing = nothing
slices-opacity = opacity
slices-in-room = In the room:
slices-no-image = This patient has no images
slices-one = One slice only: no cut across it.
slices-not-registered = Not in the same frame of reference: cannot be laid over it
window-brain = Brain
window-soft = Soft tissue
window-bone = Bone
window-lung = Lung
window-wide = Wide
fusion-blend = Blended
fusion-chequered = Chequered
fusion-lens = Lens

structures-outlines = Outlines
structures-surfaces = Surfaces
structures-all = All
structures-no = None
structures-go = Bring the cross to its middle
structures-none = This patient has no structures
structures-empty = without contours
structures-for-patients = Frosted glass: skin, bone, brain and the place we treat

dose-live = As it is delivered
dose-fraction = one fraction
dose-course = whole course
dose-beam = one beam
dose-physical = physical dose
dose-weighted = RBE-weighted dose (1.1)
dose-effective = RBE-weighted dose
dose-difference = difference of doses
dose-imported = imported, its engine is not stated
dose-uncertainty = Against MCsquare, head phantom: 95 of 100 points within 3 % and 2 mm
dose-none = No dose yet: let it play
dose-of-highest = The plan prescribes nothing: percent of the highest dose.
dose-wash = Colour
dose-lines = Lines
dose-safe = Colour-blind
dose-hottest = Hottest point
dose-levels = Levels
dose-for-patients = A glow that grows, without numbers

overlay-volume = Volume
volume-skin = Skin
volume-bone = Bone
volume-soft = Soft tissue
volume-lung = Lung
volume-vessels = Vessels
volume-mr = By its window
volume-density = density
volume-hollow = shade in hollows
volume-clip = Cut away
volume-octant = Octant
volume-beam = Along the beam
volume-box = Box
volume-body = Only the box of the body

overlay-measure = Measure
measure-set = Set a point at the cross
measure-clear = Clear
measure-ball = Ball about the cross, radius
measure-source = Between points; in a ball: mean ± standard deviation [lowest … highest]

overlay-charts = Charts
charts-source = Dose-volume histogram of the structures that are shown
charts-dvh = Dose-volume histogram
charts-mean = mean
charts-relative = This dose is relative, not in Gray: no histogram
charts-frames = Structures and dose are not in the same frame of reference: no histogram
dose-nothing = This patient has no dose and no plan
overlay-for-patients = A patient sees:

review-recentre = View in front of me
review-leave = Leave
review-larger = Larger text
place-couch = On the couch
place-table = On a table
place-room = Room size

overlay-compass = Directions
compass-source = Letters of the patient’s own directions round them

overlay-compare = Compare
compare-live = Choose a dose that was kept: one that grows cannot be compared
compare-one = There is only one dose: import another plan with its dose
compare-frames = These doses do not lie in the same frame of reference
compare-types = One dose is physical and the other RBE-weighted: they are not compared
compare-spans = One dose is of a fraction or a beam and the other of the course: they are not compared
compare-coming = Being worked out…
dose-surface = surface

overlay-beams = Beams
beams-title = Beam’s eye view of the spots
beams-follow = with time
beams-all = All layers
beams-gantry = Gantry
beams-couch = couch
beams-spots = spots
beams-snout = Snout
beams-shifter = Range shifter
beams-layer = Layer

overlay-notes = Notes
notes-source = Pinned in the patient, in the encrypted store
notes-nowhere = There is no store here: nothing can be kept
notes-write = Write a note…
notes-pin = Pin at the cross
notes-look = Look here
notes-contour = Check this contour
notes-dose = Check the dose here
notes-discuss = To discuss
notes-bookmark = Keep this view
notes-view = View
notes-kept = Kept
notes-withdrawn = Taken back
notes-pictured = Picture kept in the store
notes-liked = Remembered as your way
notes-withdraw = Take this note back
review-undo = Undo
review-redo = Redo
review-snapshot = Take a picture
review-mine = My way
review-picture = Review

overlay-constraints = Constraints
constraints-source = Limits of a protocol against the dose that is shown
constraints-research = Pass or fail looks like a decision: for this patient only with --research
constraints-none = No protocol is at hand
constraints-live = Choose a dose that was kept: limits are of the whole course
constraints-met = met
constraints-within = within the variation
constraints-missed = not met
constraints-absent = no structure
constraints-unknown = no value
constraints-mark = RESEARCH · NOT FOR CLINICAL DECISIONS
constraints-synthetic = Synthetic patient · not for clinical decisions

overlay-along = Along a ray
along-source = From the beam’s source through the cross, or where the laser points; stopping powers as the engine takes them
along-misses = The ray does not meet the body
along-cross = Cross
along-behind = from the cross
along-through = the protons go through

overlay-margins = Margins
margins-source = Distance to the surface that the contours enclose; nearest structures

overlay-rates = Dose rates
rates-source = By the engine, of one beam of one fraction, physical
rates-title = Dose-rate-volume histogram
rates-start = Work out
rates-stop = Stop
rates-note = Below 10 % of a beam’s largest dose there is no rate. Times are the machine file’s.

plane-slant = Askew
slant = Askew:
slant-nothing = none
slant-beam = across the beam
slant-angles = angles
slant-hand = left hand
review-no-picture = The picture could not be marked, so none was taken: try again

control-select = press, drag, set the cross
control-menu = view in front of me
control-grab = hold the patient: one moves, two make larger and turn
control-scroll = scroll, go from slice to slice
control-mark = set a measuring point
hand-left = (left)
hand-right = (right)
part-trigger = Trigger
part-select = Select button
part-menu = Menu button
part-squeeze = Grip
part-thumbstick = Thumbstick
part-trackpad = Trackpad
part-a = Button A
part-b = Button B
part-x = Button X
part-y = Button Y
part-pinch = Thumb and index together
part-fist = Closed hand
