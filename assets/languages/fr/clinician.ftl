# Le pupitre du clinicien et ce qui s’y superpose.
overlay-slices = Images
overlay-structures = Structures
overlay-dose = Dose
overlay-show = Montrer ou cacher
overlay-coarser = Plus grossier que les données, voxels par texel :

review-point = À la croix
review-play = Lecture
review-pause = Pause
review-no-beam = Aucun plan dont on puisse montrer le déroulement
review-not-clinical = Enseignement et visualisation. Pas pour décider d’un soin

view-room = Dans la salle, grandeur nature
plane-axial = Axial
plane-coronal = Coronal
plane-sagittal = Sagittal

slices-window = Fenêtre
slices-fused = Fusion
slices-nothing = rien
slices-opacity = opacité
slices-in-room = Dans la salle :
slices-no-image = Ce patient n’a pas d’images
slices-one = Une seule coupe : rien en travers.
slices-not-registered = Pas le même repère : superposition impossible
window-brain = Cerveau
window-soft = Tissus mous
window-bone = Os
window-lung = Poumon
window-wide = Large
fusion-blend = Mélange
fusion-chequered = Damier
fusion-lens = Loupe

structures-outlines = Contours
structures-surfaces = Surfaces
structures-all = Toutes
structures-no = Aucune
structures-go = Amener la croix en son milieu
structures-none = Ce patient n’a pas de structures
structures-empty = sans contours
structures-for-patients = Verre dépoli : la peau, l’os, le cerveau et l’endroit traité

dose-live = Telle qu’elle est délivrée
dose-fraction = une séance
dose-course = tout le traitement
dose-beam = un faisceau
dose-physical = dose physique
dose-weighted = dose pondérée EBR (1,1)
dose-effective = dose pondérée EBR
dose-difference = différence de doses
dose-imported = importée, calcul non précisé
dose-uncertainty = Face à MCsquare, fantôme de tête : 95 points sur 100 à 3 % et 2 mm près
dose-none = Pas encore de dose : lancez la lecture
dose-of-highest = Le plan ne prescrit rien : pour cent de la dose la plus haute.
dose-wash = Couleur
dose-lines = Lignes
dose-safe = Daltonisme
dose-hottest = Point le plus chaud
dose-levels = Niveaux
dose-for-patients = Une lueur qui grandit, sans chiffres

overlay-volume = Volume
volume-skin = Peau
volume-bone = Os
volume-soft = Tissus mous
volume-lung = Poumon
volume-vessels = Vaisseaux
volume-mr = Selon la fenêtre
volume-density = densité
volume-hollow = ombre des creux
volume-clip = Découper
volume-octant = Octant
volume-beam = Le long du faisceau
volume-box = Boîte
volume-body = Seulement la boîte du corps

overlay-measure = Mesurer
measure-set = Poser un point à la croix
measure-clear = Effacer
measure-ball = Boule autour de la croix, rayon
measure-source = Entre les points ; dans une boule : moyenne ± écart type [plus bas … plus haut]

overlay-charts = Courbes
charts-source = Histogramme dose-volume des structures montrées
charts-dvh = Histogramme dose-volume
charts-mean = moyenne
charts-relative = Cette dose est relative, pas en grays : pas d’histogramme
charts-frames = Structures et dose ne sont pas dans le même repère : pas d’histogramme
dose-nothing = Ce patient n’a ni dose ni plan
overlay-for-patients = Un patient voit :

review-recentre = Vue devant moi
review-leave = Quitter
review-larger = Texte plus grand
place-couch = Sur la table de traitement
place-table = Sur une table
place-room = Taille de la pièce

overlay-compass = Directions
compass-source = Lettres des directions du patient, autour de lui

overlay-compare = Comparer
compare-live = Choisissez une dose gardée : celle qui se construit ne se compare pas
compare-one = Il n’y a qu’une dose : importez un autre plan avec sa dose
compare-frames = Ces doses ne sont pas dans le même repère
compare-types = Une dose est physique et l’autre pondérée par l’EBR : elles ne se comparent pas
compare-spans = Une dose est celle d’une séance ou d’un faisceau et l’autre celle du traitement : elles ne se comparent pas
compare-coming = En cours de calcul…
dose-surface = surface

overlay-beams = Faisceaux
beams-title = Les spots vus du faisceau
beams-follow = suit le temps
beams-all = Toutes les couches
beams-gantry = Bras
beams-couch = table
beams-spots = spots
beams-snout = Nez
beams-shifter = Absorbeur
beams-layer = Couche

overlay-notes = Notes
notes-source = Épinglées dans le patient, dans le dossier chiffré
notes-nowhere = Il n’y a pas de dossier ici : rien ne peut être gardé
notes-write = Écrire une note…
notes-pin = Épingler à la croix
notes-look = Regarder ici
notes-contour = Vérifier ce contour
notes-dose = Vérifier la dose ici
notes-discuss = À discuter
notes-bookmark = Garder cette vue
notes-view = Vue
notes-kept = Gardée
notes-withdrawn = Retirée
notes-pictured = Image gardée dans le dossier
notes-liked = Retenu comme votre façon
notes-withdraw = Retirer cette note
review-undo = Annuler
review-redo = Rétablir
review-snapshot = Prendre une image
review-mine = Ma façon
review-picture = Revue

overlay-constraints = Contraintes
constraints-source = Les limites d’un protocole et la dose montrée
constraints-research = Respecté ou non ressemble à une décision : pour ce patient seulement avec --research
constraints-none = Aucun protocole
constraints-live = Choisissez une dose gardée : les limites portent sur tout le traitement
constraints-met = respectée
constraints-within = dans la tolérance
constraints-missed = non respectée
constraints-absent = structure absente
constraints-unknown = sans valeur
constraints-mark = RECHERCHE · PAS POUR DES DÉCISIONS CLINIQUES
constraints-synthetic = Patient synthétique · pas pour des décisions cliniques

overlay-along = Le long d’un rayon
along-source = De la source du faisceau par la croix, ou là où pointe le laser ; pouvoirs d’arrêt du moteur de calcul
along-misses = Le rayon ne rencontre pas le corps
along-cross = Croix
along-behind = depuis la croix
along-through = les protons traversent

overlay-margins = Marges
margins-source = Distance à la surface des contours ; structures les plus proches

overlay-rates = Débits de dose
rates-source = Par le moteur, d’un faisceau d’une séance, physique
rates-title = Histogramme débit-volume
rates-start = Calculer
rates-stop = Arrêter
rates-note = Sous 10 % de la plus grande dose d’un faisceau il n’y a pas de débit. Les temps sont ceux du fichier de la machine.

plane-slant = Oblique
slant = Oblique :
slant-nothing = aucune
slant-beam = en travers du faisceau
slant-angles = angles
slant-hand = main gauche
review-no-picture = L’image n’a pas pu être marquée, aucune n’a été prise : réessayez

control-select = appuyer, faire glisser, placer la croix
control-menu = ramener la vue devant moi
control-grab = tenir le patient : une main déplace, deux agrandissent et tournent
control-scroll = faire défiler, passer d’une coupe à l’autre
control-mark = poser un point de mesure
hand-left = (gauche)
hand-right = (droite)
part-trigger = Gâchette
part-select = Bouton de sélection
part-menu = Bouton menu
part-squeeze = Poignée
part-thumbstick = Manche
part-trackpad = Pavé tactile
part-a = Bouton A
part-b = Bouton B
part-x = Bouton X
part-y = Bouton Y
part-pinch = Pouce et index joints
part-fist = Main fermée
